from __future__ import annotations

import functools
import io
import json
import logging
import re
import sys
from typing import TYPE_CHECKING

import pytest
from flask import render_template, render_template_string

from casefile import logs, web
from tests.strict_browser import Browse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from tests.cast import Cast

WORD = "qzvkxwjphrqdzkvxbw"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the program writes to its log while the test runs."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure()
    yield written
    root.handlers[:], root.level = before


def raise_with_content() -> str:
    msg = f"cannot read {WORD}"
    raise ValueError(msg)


def raise_in_a_chain() -> str:
    try:
        return {}[WORD]
    except KeyError as error:
        msg = f"no {WORD}"
        raise RuntimeError(msg) from error


def break_a_template() -> str:
    return render_template_string("{{ given.not_there.at_all }}", given={WORD: WORD})


def break_a_templates_grammar() -> str:
    return render_template_string(f"{{% {WORD} %}}")


def miss_a_template() -> str:
    return render_template(f"{WORD}.html")


def log_with_content() -> str:
    try:
        return raise_with_content()
    except ValueError:
        logging.getLogger("casefile.somewhere").exception("odd", extra={"title": WORD})
        raise


VIEWS = [
    raise_with_content,
    raise_in_a_chain,
    break_a_template,
    break_a_templates_grammar,
    miss_a_template,
    log_with_content,
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_an_unexpected_error_shows_no_trace_and_logs_no_content(
    view: Callable[[], str], make_app: Callable[..., Flask], cast: Cast, log: io.StringIO
) -> None:
    app = make_app()
    app.add_url_rule("/odd", view_func=web.signed_in(functools.partial(view)), endpoint="odd")

    page = Browse(app)(cast.ben).get("/odd", 500)

    assert WORD not in page.html
    for trace in ("Traceback", ".py", "Error:", "ValueError", "jinja2"):
        assert trace not in page.main
    number = re.search(r"\b[0-9a-f]{8}\b", page.main)
    assert number, "a number to tell the administrator"
    written = log.getvalue()
    assert WORD not in written
    assert "Traceback" not in written
    lines = [json.loads(line) for line in written.splitlines()]
    (line,) = [line for line in lines if line.get("number") == number[0]]
    assert line["endpoint"] == "odd"
    assert re.match(r"\w+ at \S+:\d+ < \S+:\d+", line["error"])


def test_an_error_of_the_error_page_itself_is_still_a_plain_page(
    make_app: Callable[..., Flask], cast: Cast, log: io.StringIO
) -> None:
    app = make_app()
    browse = Browse(app)
    browse(cast.ben).get("/")
    app.jinja_env.globals["url_for"] = lambda *_given, **_more: 1 / 0

    page = browse(cast.ben).client.get("/cases/nothing", base_url="http://localhost")

    assert page.status_code == 404
    assert "<h1>Nothing here</h1>" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "ZeroDivisionError" in log.getvalue()
    assert "ZeroDivisionError" not in page.text


def test_an_error_outside_of_every_view_does_not_reach_gunicorns_log_with_its_words(
    capfd: pytest.CaptureFixture[str],
) -> None:
    from gunicorn.config import Config

    from casefile.serving import QuietLogger

    quiet = QuietLogger(Config())
    try:
        raise_with_content()
    except ValueError:
        quiet.exception("Error handling request %s", "/cases/")

    written = capfd.readouterr().err
    assert "ValueError" in written
    assert WORD not in written
