"""The beginnings of the files newsrooms get most. Weak ones are confirmed by a second look."""

from __future__ import annotations

EXECUTABLE = "application/vnd.microsoft.portable-executable"

_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00", "image/tiff"),
    (b"MM\x00+", "image/tiff"),
    (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (b"{\\rtf", "application/rtf"),
    (b"%!PS-Adobe", "application/postscript"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"!BDN", "application/vnd.ms-outlook-pst"),
    (b"ITSF\x03\x00\x00\x00", "application/vnd.ms-htmlhelp"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe\x00\x00", "application/java-vm"),
)

_RIFF = {b"WAVE": "audio/vnd.wave", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}

_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic-sequence",
    b"mif1": "image/heif",
    b"avif": "image/avif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"crx ": "image/x-canon-cr3",
}

_MP3_FIXED_BITS = 0xFFE6_0000
_MP3_SYNC = 0xFFE2_0000
_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
# By version: samples in a second, then length of a frame = factor * rate / samples.
_MP3_VERSIONS = {
    3: ((44_100, 48_000, 32_000, 0), 144_000, _RATES_1),
    2: ((22_050, 24_000, 16_000, 0), 72_000, _RATES_2),
    0: ((11_025, 12_000, 8_000, 0), 72_000, _RATES_2),
}

_ICONS_AT_MOST = 64
_BITMAP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_TAR_MAGIC = slice(257, 262)


def signature_type(head: bytes) -> str | None:
    for beginning, expected in _BEGINNINGS:
        if head.startswith(beginning) and _CONFIRM.get(expected, bool)(head):
            return expected
    looks = (_riff, _mp4, _matroska, _ogg, _mp3, _bitmap, _bzip2, _tar, _executable)
    return next((kind for look in looks if (kind := look(head))), None)


def _is_icon(head: bytes) -> bool:
    count = int.from_bytes(head[4:6], "little")
    return 0 < count <= _ICONS_AT_MOST and head[9:10] == b"\0"


def _is_id3(head: bytes) -> bool:
    return head[3:4] in {b"\2", b"\3", b"\4"} and head[6:10].isascii()


_CONFIRM = {"image/vnd.microsoft.icon": _is_icon, "audio/mpeg": _is_id3}


def _riff(head: bytes) -> str | None:
    return _RIFF.get(head[8:12]) if head.startswith(b"RIFF") else None


def _mp4(head: bytes) -> str | None:
    """Photos of telephones and films share one container; its brand tells them apart."""
    if head[4:8] != b"ftyp":
        return None
    length = int.from_bytes(head[:4])
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, min(length, 256), 4))]
    if brands[0].startswith(b"3g"):
        return "video/3gpp"
    if brands[0] in {b"mif1", b"msf1"} and b"heic" in brands:
        return "image/heic"
    return _BRANDS.get(brands[0], "video/mp4")


def _matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return "video/webm" if b"webm" in head[:64] else "video/x-matroska"


def _ogg(head: bytes) -> str | None:
    if not head.startswith(b"OggS\x00"):
        return None
    return "video/ogg" if b"theora" in head[:64] else "audio/ogg"


def _mp3(head: bytes) -> str | None:
    """Eleven set bits prove little: the next frame has to stand where this one says it ends."""
    length = _mp3_frame(head[:4])
    return "audio/mpeg" if length and _mp3_frame(head[length : length + 4]) else None


def _mp3_frame(header: bytes) -> int:
    """The length of an MPEG layer III frame, or 0 if this is none."""
    bits = int.from_bytes(header)
    if bits & _MP3_FIXED_BITS != _MP3_SYNC or (bits >> 19 & 3) not in _MP3_VERSIONS:
        return 0
    per_second, per_frame, rates = _MP3_VERSIONS[bits >> 19 & 3]
    rate = rates[bits >> 12 & 15]
    sampling = per_second[bits >> 10 & 3]
    return per_frame * rate // sampling + (bits >> 9 & 1) if rate and sampling else 0


def _bitmap(head: bytes) -> str | None:
    found = head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS
    return "image/bmp" if found else None


def _bzip2(head: bytes) -> str | None:
    found = head.startswith(b"BZh") and head[4:10] == b"\x31\x41\x59\x26\x53\x59"
    return "application/x-bzip2" if found else None


def _tar(head: bytes) -> str | None:
    return "application/x-tar" if head[_TAR_MAGIC] == b"ustar" else None


def _executable(head: bytes) -> str | None:
    """Two letters could begin a text, so look for the zeros every program has."""
    if not head.startswith((b"MZ", b"ZM")) or b"\0" not in head[:64]:
        return None
    return EXECUTABLE
