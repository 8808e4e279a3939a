"""Which media types have a reader, and in which module of `reader` it stands."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOCM = "application/vnd.ms-word.document.macroenabled.12"

READERS: Mapping[str, str] = MappingProxyType(
    {
        "application/json": "plain",
        "application/pdf": "pdf",
        "application/xml": "plain",
        "message/rfc822": "mail",
        "text/calendar": "plain",
        "text/csv": "plain",
        "text/html": "web",
        "text/markdown": "plain",
        "text/plain": "plain",
        "text/tab-separated-values": "plain",
        "text/vcard": "plain",
        DOCM: "word",
        DOCX: "word",
    }
)

EXTRACTABLE: frozenset[str] = frozenset(READERS)

# What is made in the child instead of read there; names that no file's type can be.
PICTURES = "pictures"
PHOTOGRAPHS = "photographs"
MAKERS: Mapping[str, str] = MappingProxyType(
    {
        "draft": "draft",
        "manuscript": "manuscript",
        "paper": "paper",
        PHOTOGRAPHS: "photographs",
        PICTURES: "pictures",
    }
)

# What can be made anew as pictures of its pages, and by which of these; text is set on pages first.
REPAINTED: Mapping[str, str] = MappingProxyType(
    {
        "application/pdf": PICTURES,
        "image/jpeg": PHOTOGRAPHS,
        "image/png": PHOTOGRAPHS,
        "image/tiff": PHOTOGRAPHS,
        "image/webp": PHOTOGRAPHS,
    }
)
