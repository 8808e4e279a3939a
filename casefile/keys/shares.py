"""The organisation's offline key: one secret, cut into three papers (SLIP-39) of which two open."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from casefile.errors import InvalidError
from casefile.keys.identity import Bundle
from casefile.keys.symmetric import KEY_BYTES, authenticate, derive, packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shamir_mnemonic import Share

SHARES: Final = 3
NEEDED: Final = 2
_KEPT: Final = 2 * KEY_BYTES


class OfflineKey:
    """What the papers hold: a seed, from which the private keys follow, and the pepper."""

    def __init__(self, seed: bytes, pepper: bytes) -> None:
        if len(seed) != KEY_BYTES or len(pepper) != KEY_BYTES:
            msg = "An offline key is a seed and a pepper of 32 bytes each."
            raise ValueError(msg)
        self._seed = seed
        self.pepper = pepper

    @classmethod
    def create(cls, pepper: bytes) -> OfflineKey:
        return cls(os.urandom(KEY_BYTES), pepper)

    def bundle(self, anchor: bytes) -> Bundle:
        """Return the private keys, the same each time; they are stored nowhere."""
        seeds = (derive(self._seed, "escrow", part) for part in ("kem", "kem 2", "dh", "signing"))
        return Bundle.from_bytes(b"".join(seeds) + anchor)

    def vouch(self, anchor: bytes) -> bytes:
        """Return the MAC by which the papers know the founder's key again (RFC 2104)."""
        return authenticate(derive(self._seed, "escrow anchor"), packed(anchor))

    def split(self) -> list[str]:
        """Write the three papers, 59 words each (SLIP-0039, one group, two of three)."""
        from shamir_mnemonic import generate_mnemonics  # noqa: PLC0415

        [papers] = generate_mnemonics(1, [(NEEDED, SHARES)], self._seed + self.pepper)
        return [str(paper) for paper in papers]


def read_share(words: str, number: int) -> Share:
    """Read one paper; `number` says which one a message is about.

    InvalidError names the word that is none, or says that the words do not fit together.
    """
    from shamir_mnemonic import MnemonicError, Share  # noqa: PLC0415
    from shamir_mnemonic.wordlist import WORD_INDEX_MAP  # noqa: PLC0415

    typed = [word for word in words.lower().split() if not word.isdigit()]  # the paper counts them
    for place, word in enumerate(typed, start=1):
        if word not in WORD_INDEX_MAP:
            msg = f"Share {number}, word {place} is not in the list of words. Compare it with the paper."
            raise InvalidError(msg)
    expected = _words_of(_KEPT)
    if len(typed) != expected:
        msg = f"Share {number} has {len(typed)} words instead of {expected}. Nothing was changed."
        raise InvalidError(msg)
    try:
        return Share.from_mnemonic(" ".join(typed))
    except MnemonicError:
        msg = (
            f"Share {number}: the words do not fit together, so at least one is wrong or in the "
            "wrong place. Compare them with the paper."
        )
        raise InvalidError(msg) from None


def join(shares: Sequence[Share]) -> OfflineKey:
    """Put papers together again.

    InvalidError when one stands there twice, when they are not of one set, or too few.
    """
    from shamir_mnemonic import MnemonicError, combine_mnemonics  # noqa: PLC0415

    if len(set(shares)) < len(shares):
        msg = "The same share was given twice. Two different ones are needed. Nothing was changed."
        raise InvalidError(msg)
    if len({share.group_parameters() for share in shares}) > 1:
        raise InvalidError(_FOREIGN)
    if not shares or len(shares) < shares[0].member_threshold:
        msg = f"{NEEDED} of the {SHARES} shares are needed. Nothing was changed."
        raise InvalidError(msg)
    chosen = shares[: shares[0].member_threshold]
    try:
        secret = combine_mnemonics([share.mnemonic() for share in chosen])
    except MnemonicError:
        raise InvalidError(_FOREIGN) from None
    if len(secret) != _KEPT:
        raise InvalidError(_FOREIGN)
    return OfflineKey(secret[:KEY_BYTES], secret[KEY_BYTES:])


def _words_of(length: int) -> int:
    """Return how many words a share of a secret of this length has: seven say what it is."""
    return 7 + -(-length * 8 // 10)


_FOREIGN: Final = (
    "These shares do not belong together: they are of different sets. Nothing was changed."
)
