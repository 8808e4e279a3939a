"""The words of a bag: README.txt in three languages, and bag-info.txt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from casefile.bags.choosing import Damage

AGENT: Final = "Casefile"

ENGLISH: Final = """EVIDENCE BAG {name}

This folder is a BagIt bag (RFC 8493): original files exactly as they were put on record, with their hashes
and their custody. Anybody can check it without Casefile and without asking the newsroom.

  data/evidence/   the original files; each begins with its number
  data/custody/    evidence.csv: what each file is and where it came from (evidence.jsonl: the same, exact)
                   log.csv: who did what with it and when (UTC)
                   proofs.jsonl, checkpoints.jsonl, stamps/: that these entries stand in the newsroom's
                   signed audit trail, and since when
  data/stories/    dossiers of stories: claims, what each rests on, verdicts, replies
  data/notes/      notes, if they were asked for
  (a folder that is not there held nothing)

HOW TO CHECK IT
  Linux:           sha256sum -c manifest-sha256.txt && sha256sum -c tagmanifest-sha256.txt
  macOS:           shasum -a 256 -c manifest-sha256.txt && shasum -a 256 -c tagmanifest-sha256.txt
  Windows:         certutil -hashfile "data\\evidence\\FILE" SHA256, and compare with manifest-sha256.txt
  anywhere:        bagit.py --validate FOLDER            (the Library of Congress's bagit-python)
  with the trail:  python3 check_bag.py --key KEY        (Python 3.9 or newer; openssl for signatures)
KEY is the newsroom's key. The one in data/custody/key.txt is its own word: ask the newsroom by another way.
One entry alone: python3 verify_export.py --key KEY data/custody/export.tlog-proof

WHAT IT SHOWS, AND WHAT NOT
Hashes show that a file is what was put on record; entries and time-stamps show when. Neither shows that a
document is true. The particulars of single entries are sealed; the list evidence.jsonl as a whole is vouched
for by the entry of this export. Sources stand here by codename only; their identities are not in this bag.
"""
RUSSIAN: Final = """ПАКЕТ ДОКАЗАТЕЛЬСТВ {name}

Эта папка — пакет BagIt (RFC 8493): исходные файлы точно в том виде, в каком они были приняты, их хеш-суммы и
история хранения. Проверить её может кто угодно, без Casefile и без обращения в редакцию.

  data/evidence/   исходные файлы; имя каждого начинается с номера
  data/custody/    evidence.csv: что это за файл и откуда он (evidence.jsonl — то же самое, точно)
                   log.csv: кто, что и когда делал с файлом (время UTC)
                   proofs.jsonl, checkpoints.jsonl, stamps/: доказательство, что эти записи стоят в
                   подписанном журнале редакции, и с какого времени
  data/stories/    досье материалов: утверждения, на чём они основаны, вердикты, ответы
  data/notes/      заметки, если их просили
  (если папки нет, в ней ничего не было)

КАК ПРОВЕРИТЬ
  Linux:           sha256sum -c manifest-sha256.txt && sha256sum -c tagmanifest-sha256.txt
  macOS:           shasum -a 256 -c manifest-sha256.txt && shasum -a 256 -c tagmanifest-sha256.txt
  Windows:         certutil -hashfile "data\\evidence\\ФАЙЛ" SHA256 и сравнить с manifest-sha256.txt
  везде:           bagit.py --validate ПАПКА             (bagit-python Библиотеки Конгресса США)
  вместе с журналом: python3 check_bag.py --key КЛЮЧ     (Python 3.9 или новее; для подписей — openssl)
КЛЮЧ — ключ редакции. Тот, что лежит в data/custody/key.txt, — её собственные слова: узнайте его у редакции
другим путём. Одна запись отдельно: python3 verify_export.py --key КЛЮЧ data/custody/export.tlog-proof

ЧТО ЭТО ДОКАЗЫВАЕТ И ЧЕГО НЕТ
Хеш-суммы показывают, что файл тот самый, который был принят; записи и отметки времени — когда. Ни то, ни
другое не говорит, что содержание документа правда. Подробности отдельных записей запечатаны; за список
evidence.jsonl целиком ручается запись об этой выгрузке. Источники названы только кодовыми именами; кто они,
в пакете не сказано.
"""
KYRGYZ: Final = """ДАЛИЛДЕР ПАКЕТИ {name}

Бул папка — BagIt пакети (RFC 8493): баштапкы файлдар каттоого алынган калыбында, алардын хеш-суммалары жана
сакталуу тарыхы. Аны Casefile'сиз жана редакцияга кайрылбай эле ар ким текшере алат.

  data/evidence/   баштапкы файлдар; ар биринин аты номери менен башталат
  data/custody/    evidence.csv: ар бир файл эмне жана кайдан алынган (evidence.jsonl — так өзү)
                   log.csv: файл менен ким, эмне, качан кылган (убакыт UTC боюнча)
                   proofs.jsonl, checkpoints.jsonl, stamps/: бул жазуулар редакциянын кол коюлган
                   журналында турганынын жана качантан бери турганынын далили
  data/stories/    материалдардын досьеси: ырастоолор, алар эмнеге таянат, корутундулар, жооптор
  data/notes/      жазмалар, эгер суралган болсо
  (папка жок болсо, анда эч нерсе болгон эмес)

КАНТИП ТЕКШЕРҮҮ КЕРЕК
  Linux:           sha256sum -c manifest-sha256.txt && sha256sum -c tagmanifest-sha256.txt
  macOS:           shasum -a 256 -c manifest-sha256.txt && shasum -a 256 -c tagmanifest-sha256.txt
  Windows:         certutil -hashfile "data\\evidence\\ФАЙЛ" SHA256, анан manifest-sha256.txt менен салыштыруу
  баарында:        bagit.py --validate ПАПКА             (АКШ Конгресс китепканасынын bagit-python куралы)
  журнал менен:    python3 check_bag.py --key АЧКЫЧ      (Python 3.9 же жаңыраак; кол тамгалар үчүн openssl)
АЧКЫЧ — редакциянын ачкычы. data/custody/key.txt ичиндегиси — анын өз сөзү: аны редакциядан башка жол менен
сураңыз. Бир эле жазуу: python3 verify_export.py --key АЧКЫЧ data/custody/export.tlog-proof

ЭМНЕНИ ДАЛИЛДЕЙТ, ЭМНЕНИ ЖОК
Хеш-суммалар файл каттоого алынган файлдын өзү экенин, жазуулар жана убакыт белгилери качан экенин көрсөтөт.
Документте жазылганы чын экенин булардын бири да көрсөтпөйт. Айрым жазуулардын чоо-жайы мөөр астында;
evidence.jsonl тизмеси үчүн толугу менен ушул чыгаруунун жазуусу кепилдик берет. Булактар код аты менен гана
аталган; алардын ким экени пакетте жок.
"""
BETWEEN: Final = "\n" + "-" * 100 + "\n\n"
NO_TRAIL: Final = (
    "NO PROOFS. The newsroom's audit trail did not hold when this bag was made, so its entries are in "
    "data/custody/log.csv\nas they were found, without proofs.\n"
    "ДОКАЗАТЕЛЬСТВ НЕТ: журнал редакции был нарушен.\nДАЛИЛДЕР ЖОК: редакциянын журналы бузулган.\n"
)
LEFT_OUT: Final = (
    "LEFT OUT / НЕ ВОШЛИ / КИРГЕН ЖОК: the store holds these damaged or not at all\n"
    "(повреждены или отсутствуют в хранилище; сактагычта бузулган же жок)\n"
)
NO_PDF: Final = "NO PDF / БЕЗ PDF / PDF ЖОК: "


def readme(
    name: str, left_out: Sequence[Damage], unprinted: Sequence[str], *, proven: bool
) -> bytes:
    """Return README.txt; what is special about this bag stands after the English text."""
    special = [] if proven else [NO_TRAIL]
    if left_out:
        special.append(LEFT_OUT + "".join(f"  {one.code} ({one.reason})\n" for one in left_out))
    if unprinted:
        special.append("".join(f"{NO_PDF}{one}\n" for one in unprinted))
    texts = [text.format(name=name) for text in (ENGLISH, RUSSIAN, KYRGYZ)]
    return BETWEEN.join(["\n".join([texts[0], *special]), *texts[1:]]).encode()


def info(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Write bag-info.txt (RFC 8493, 2.2.2): one line each, whatever a value holds."""
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in pairs).encode()
