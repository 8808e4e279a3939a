"""A form as some other program than a browser may write it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from tests.cast import Cast
    from tests.strict_browser import StrictBrowser


def send(
    browser: StrictBrowser, cast: Cast, status: int, *files: tuple[bytes, bytes]
) -> TestResponse:
    """Send files whose names are written into the form exactly like this."""
    parts = [
        b'Content-Disposition: form-data; name="csrf_token"\r\n\r\n' + browser.token().encode(),
        *(
            b'Content-Disposition: form-data; name="files"; filename="%s"\r\n'
            b"Content-Type: text/plain\r\n\r\n%s" % file
            for file in files
        ),
    ]
    body = b"".join(b"--line\r\n%s\r\n" % part for part in parts) + b"--line--\r\n"
    answer = browser.client.post(
        f"{cast.case.url}/evidence/",
        base_url="http://localhost",
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="multipart/form-data; boundary=line",
    )
    assert answer.status_code == status
    return answer
