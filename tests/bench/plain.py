"""The plainest Flask there is, behind the same gunicorn settings: what the program is measured against."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flask import Flask, Response, request, send_file

from casefile.config import Settings
from casefile.serving import Server

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


def create(folder: Path) -> Flask:
    app = Flask("plain", static_folder=None)
    pages: dict[str, bytes] = {}

    @app.post("/upload")
    def upload() -> ResponseReturnValue:
        name = uuid4().hex
        request.files["files"].save(folder / name)
        return {"name": name}

    @app.get("/file/<name>")
    def download(name: str) -> ResponseReturnValue:
        return send_file(folder / name, mimetype="application/octet-stream")

    @app.put("/page/<name>")
    def keep_page(name: str) -> ResponseReturnValue:
        pages[name] = request.get_data()
        return "", 204

    @app.get("/page/<name>")
    def page(name: str) -> ResponseReturnValue:
        return Response(pages[name], mimetype="text/html")

    @app.get("/readyz")
    def ready() -> ResponseReturnValue:
        return "ready\n"

    return app


class PlainServer(Server):
    """The program's own server, with another application in it."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.instance
        super().__init__(settings)

    def load(self) -> Any:
        return create(self._folder)

    def _started(self, _worker: object) -> None:
        """There is nothing to start beside it."""

    def _stopped(self, _server: object, _worker: object) -> None:
        """There is nothing to stop either."""


if __name__ == "__main__":
    PlainServer(Settings(Path(sys.argv[1]), port=int(sys.argv[2]))).run()
