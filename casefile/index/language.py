"""Tells Russian from Kyrgyz sentence by sentence, and says which language a text is mostly in."""

import re

from casefile.index import kyrgyz, kyrgyz_roots

ENGLISH, RUSSIAN, KYRGYZ = "en", "ru", "ky"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RUSSIAN_WORDS = _words(
    "в не на что с по как это из у за от для о к его но они был была были было или при также который"
    " которая которые мы вы он она оно все только если когда уже году лет до после между со об их ее"
    " где чтобы может есть ли через без под над"
)
_KYRGYZ_WORDS = _words(
    "жана менен деп бул бир болгон жок бар эле кийин боюнча анын эмес ошол деген бирок дагы алар биз"
    " сиз ким эмне катары чейин гана болуп экен ар кылган каршы жылы ушул эки анан ага аны эми кайра"
    " эч мен сен ал алып бойдон керек башка айтты билдирди"
)
# In both, and telling neither: да, и, же.
_SHARED_WORDS = _words("да и же")
_ENGLISH_WORDS = _words(
    "the a an and or of to in on at by for from with as is are was were be been it its this that"
    " these those he she they we you his her their our who which what when where how not no but if"
    " then than there here after before into over under about between during also all any some one"
    " two i my"
)
FUNCTION_WORDS = _RUSSIAN_WORDS | _KYRGYZ_WORDS | _SHARED_WORDS | _ENGLISH_WORDS

SURE = 3
_ONLY_KYRGYZ = re.compile("[өүң]")
_RATHER_KYRGYZ = re.compile(
    "аа|уу|ээ|[аыоу]р[ыу]н[ыу]н$|[лдт][ао]р(?:[дт][ыу]н?|[гк][ао]|[дт][ао]н?|[ыу](?:н[ыуа]?н?)?)?$|лер"
)
_RATHER_RUSSIAN = re.compile(
    "[ъщ]|(?:[оеы][гм]о|[оеы]му|[ыи]ми|[ыи]х|[ыио]й|[ая]я|[оеу]ю|ость|ости|ени[еяию]|ани[еяию]"
    "|ться|тся|ть|л[аио]с[ья]|ов|ам|ами|ия|ии|ию)$"
    "|^(?:под|при|про|пере|раз|рас|об|вы|за|на).*[аиыея]л[аио]?$"
)
# No word of Kyrgyz stock begins so.
_CLUSTER = re.compile("[бвгджзклмнпрстфхцчшщ]{2}")


def lean(folded: str) -> int:
    """How much a folded Cyrillic word speaks for Kyrgyz (above zero) or for Russian (below)."""
    if _ONLY_KYRGYZ.search(folded):
        return SURE
    if folded in _KYRGYZ_WORDS:
        return 2
    if folded in _RUSSIAN_WORDS:
        return -2
    return _rather(folded) if len(folded) > SURE else 0


def _rather(folded: str) -> int:
    if _RATHER_KYRGYZ.search(folded):
        return 1
    if _RATHER_RUSSIAN.search(folded):
        return -1
    if kyrgyz.is_declined(folded):
        return 1
    return -1 if _CLUSTER.match(folded) and folded not in kyrgyz_roots.WORDS else 0


def majority(latin: int, cyrillic: int, in_kyrgyz: int) -> str:
    """The language of a text with so many Latin and Cyrillic words, so many of these Kyrgyz."""
    if latin >= cyrillic:
        return ENGLISH
    return KYRGYZ if 2 * in_kyrgyz > cyrillic else RUSSIAN
