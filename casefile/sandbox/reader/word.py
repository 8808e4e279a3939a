"""Word documents: the text of the body, then notes, comments, headers and footers.

Only parts named by the document's own relationships are unpacked, each within limits; targets
outside the file are never followed, and an archive inside stays shut.
"""

from __future__ import annotations

import posixpath
import struct
import zlib
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lxml import etree

from casefile.sandbox.reader.output import UnreadableError
from casefile.sandbox.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from io import BytesIO

    from casefile.sandbox.reader.output import Output

_STEP = 1 << 16
_MOST_MEMBERS = 10_000
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED_FLAG = 1
# XML packs well, but never like this; small files may do as they please.
_MOST_RATIO = 250
_RATIO_COUNTS_FROM = 4 << 20

# What a damaged file makes zipfile and lxml raise; NotImplementedError is zipfile's for a way of packing
# that it does not know.
DAMAGE = (
    *(BadZipFile, zlib.error, struct.error, EOFError, KeyError, NotImplementedError, OSError),
    *(OverflowError, RuntimeError, ValueError, etree.XMLSyntaxError),
)

_BODY = "officeDocument"
_AFTER_BODY = ("footnotes", "endnotes", "comments", "header", "footer")

_NAMESPACES = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",
)
_CHOICE_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
# Text that was moved stands where it went; the tabs of `pPr` are stops on a ruler, not signs.
_SILENT = frozenset({"moveFrom", "pPr"})


def extract(file: BytesIO, output: Output) -> None:
    try:
        with ZipFile(file) as archive:
            package = _Package(archive, output.limits.unpacked_bytes)
            for number, part in enumerate(package.parts()):
                if number:
                    output.write("\n\n")
                package.parse(part, _Words(output.write))
    except DAMAGE as error:
        raise UnreadableError(Reason.DAMAGED) from error


def looked_over(file: BytesIO, most_bytes: int) -> list[str]:
    """Unpack every member once within the limits and return their names, for readers of whole files."""
    with ZipFile(file) as archive:
        package = _Package(archive, most_bytes)
        for name in archive.NameToInfo:
            package.measure(name)
        file.seek(0)
        return list(archive.NameToInfo)


class _Package:
    """The archive, seen only through checks that hold for every member."""

    def __init__(self, archive: ZipFile, most_bytes: int) -> None:
        self._archive = archive
        self._left = most_bytes
        members = archive.infolist()
        if len(members) > _MOST_MEMBERS:
            raise UnreadableError(Reason.UNPACKS_TOO_FAR)
        _refuse_overlaps(members, archive.start_dir)

    def parts(self) -> Iterator[str]:
        """The parts with text, in reading order, each once."""
        body = next(self._targets("", {_BODY}), None)
        if body is None:
            raise UnreadableError(Reason.DAMAGED)
        yield body
        seen = {body}
        for kind in _AFTER_BODY:
            for target in self._targets(body, {kind}):
                if target not in seen:
                    seen.add(target)
                    yield target

    def parse(self, name: str, target: _Relationships | _Words) -> None:
        """Feeds the part to `target` step by step: it is never in memory as a whole."""
        untyped: Any = target  # the stubs ask for methods that lxml does not need
        parser = etree.XMLParser(
            target=untyped, resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
        )
        for block in self._unpacked(name):
            parser.feed(block)
        parser.close()

    def measure(self, name: str) -> None:
        """Unpack a member without keeping it; XML is parsed, so that no declaration passes."""
        if name.endswith((".xml", ".rels")):
            self.parse(name, _Relationships())
            return
        for _block in self._unpacked(name):
            pass

    def _targets(self, source: str, kinds: set[str]) -> Iterator[str]:
        folder, file = posixpath.split(source)
        name = posixpath.join(folder, "_rels", f"{file}.rels")
        if name not in self._archive.NameToInfo:
            return
        found = _Relationships()
        self.parse(name, found)
        for kind, target in found.internal:
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            if kind in kinds and path in self._archive.NameToInfo:
                yield path

    def _unpacked(self, name: str) -> Iterator[bytes]:
        member = self._archive.getinfo(name)
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise UnreadableError(Reason.ENCRYPTED)
        if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise UnreadableError(Reason.DAMAGED)
        unpacked = 0
        with self._archive.open(member) as stream:
            while block := stream.read(_STEP):
                unpacked += len(block)
                self._left -= len(block)
                ratio = unpacked / max(1, member.compress_size)
                if self._left < 0 or (unpacked > _RATIO_COUNTS_FROM and ratio > _MOST_RATIO):
                    raise UnreadableError(Reason.UNPACKS_TOO_FAR)
                yield block


def _refuse_overlaps(members: list[ZipInfo], directory: int) -> None:
    """Members that share bytes are how a small file holds petabytes. zipfile looks since 3.12.3."""
    ends = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < ends:
            raise UnreadableError(Reason.UNPACKS_TOO_FAR)
        ends = member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size
    if ends > directory:
        raise UnreadableError(Reason.DAMAGED)


class _Parsed:
    """What every part obeys: no document type, hence no entities of its own making."""

    def doctype(self, *_declared: str | None) -> None:
        raise UnreadableError(Reason.DAMAGED)

    def close(self) -> None:
        """Nothing is built, so nothing is given back."""


class _Relationships(_Parsed):
    """Which parts a part points to, leaving out what lies outside the file."""

    def __init__(self) -> None:
        self.internal: list[tuple[str, str]] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag.rpartition("}")[2] != "Relationship":
            return
        if attributes.get("TargetMode", "Internal") == "Internal":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.internal.append((kind, attributes.get("Target", "")))


class _Words(_Parsed):
    """Turns runs, paragraphs and table cells into lines.

    Deleted text that Word still remembers comes last: in its place it would tear new words apart.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._hear: Callable[[str], object] | None = None
        self._silent = 0
        self._break = ""
        self._deleted: list[str] = []

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        name = _local(tag)
        if tag == _CHOICE_FALLBACK or name in _SILENT:
            self._silent += 1
        elif name == "t":
            self._hear = self._say
        elif name == "delText":
            self._hear = self._deleted.append
        elif name == "txbxContent":
            self._say("\n")
        elif sign := _SIGNS.get(name):
            self._say(sign)

    def end(self, tag: str) -> None:
        name = _local(tag)
        if tag == _CHOICE_FALLBACK or name in _SILENT:
            self._silent -= 1
        elif name in {"t", "delText"}:
            self._hear = None
        elif name == "del":
            self._deleted.append("\n")
        elif name == "p":
            # The last paragraph of a cell ends with the cell, so its line break has to wait.
            self._say("")
            self._break = "\n"
        elif name == "tc":
            self._break = "\t"
        elif name == "tr":
            self._break = "\n"

    def data(self, text: str) -> None:
        if self._hear:
            self._hear(text)

    def close(self) -> None:
        self._say("")
        for text in self._deleted:
            self._write(text)

    def _say(self, text: str) -> None:
        if not self._silent:
            self._write(self._break + text)
            self._break = ""


def _local(tag: str) -> str:
    """The name without its namespace, for Word's own elements only."""
    for namespace in _NAMESPACES:
        if tag.startswith(namespace):
            return tag[len(namespace) :]
    return ""
