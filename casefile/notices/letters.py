"""What our mails say, and to which addresses: that something waits, or that something was received."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from casefile.config import server_address

if TYPE_CHECKING:
    from casefile.config import Settings

ADDRESS: Final = re.compile(
    r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\.]+(\.[^\s@<>,;:\"()\[\]\\.]+)+"
)
WAITS, RECEIVED = "waits", "received"
TO_ACCOUNT: Final = """\
Something waits for you in Casefile. Sign in to see what:
В Casefile вас что-то ждёт. Войдите, чтобы увидеть:
Casefile'да сизди бир нерсе күтүп турат. Көрүү үчүн кириңиз:

%s

"""
OUTSIDE: Final = {
    WAITS: """\
Something waits for you. Open the link to your page that you kept; nobody can send it to you again.
Вас что-то ждёт. Откройте сохранённую ссылку на вашу страницу; прислать её ещё раз никто не может.
Сизди бир нерсе күтүп турат. Сактап койгон баракчаңыздын шилтемесин ачыңыз; аны эч ким кайра жөнөтө албайт.

""",
    RECEIVED: """\
We have received what you submitted. Receipt: %(reference)s, %(at)s
Мы получили то, что вы подали. Расписка: %(reference)s, %(at)s
Сиз берген документ кабыл алынды. Тастыктама: %(reference)s, %(at)s

""",
}


def is_address(text: str) -> bool:
    """Say whether this is one address that mail can go to."""
    return text.isascii() and ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to somebody without an account: one of our texts, and at most a number and a time in it."""

    address: str
    says: str
    reference: str = ""
    at: str = ""

    def plain(self) -> dict[str, str]:
        return asdict(self)

    def body(self) -> str:
        return OUTSIDE[self.says] % {"reference": self.reference, "at": self.at}


def to_account(settings: Settings) -> str:
    return TO_ACCOUNT % server_address(settings)
