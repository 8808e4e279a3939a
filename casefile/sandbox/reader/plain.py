"""Plain text of every kind: notes, tables with commas, logs, Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from casefile.sandbox.charsets import texts

if TYPE_CHECKING:
    from io import BytesIO

    from casefile.sandbox.reader.output import Output


def extract(file: BytesIO, output: Output) -> None:
    for piece in texts(file.getbuffer()):
        output.write(piece)
