"""A page of our own as PDF. Nothing is fetched: not a picture, not a sheet, not a font."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NoReturn

import weasyprint
from weasyprint.urls import URLFetcher

if TYPE_CHECKING:
    from io import BytesIO

    from casefile.sandbox.reader.output import Output


class Refusing(URLFetcher):
    """Fetches nothing from anywhere."""

    def fetch(self, url: str, headers: object = None) -> NoReturn:  # noqa: ARG002
        msg = f"not fetched: {url[:60]}"
        raise ValueError(msg)


def extract(file: BytesIO, output: Output) -> None:
    told: dict[str, Any] = json.load(file)
    nothing = Refusing(allowed_protocols=())
    sheet = weasyprint.CSS(string=told["stylesheet"], url_fetcher=nothing)
    page = weasyprint.HTML(string=told["html"], url_fetcher=nothing, base_url="about:blank")
    output.page(base64.b64encode(page.write_pdf(stylesheets=[sheet])).decode())
