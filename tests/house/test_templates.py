from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import meta

if TYPE_CHECKING:
    from flask import Flask

pytestmark = pytest.mark.xdist_group("house")

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = ROOT / "casefile" / "static"
FORBIDDEN = {
    "marks text as safe": r"\|\s*safe\b",
    "turns escaping off": r"autoescape\s+false",
    "has inline style": r"\sstyle\s*=|<style\b",
    "has an inline script": r"<script(?![^>]*\bsrc=)",
    "has a handler in its HTML": r"\son[a-z]+\s*=\s*[\"']",
    "loads from elsewhere": r"(src|href|action)\s*=\s*[\"'](https?:)?//",
    "asks the database": r"\b(session|query)\.(execute|scalar|get)\b",
}
RENDERED = re.compile(r"""render_template\(\s*["']([^"']+)["']""")


def test_a_template_keeps_the_rules() -> None:
    broken = [
        f"{path.name} {what}"
        for path in TEMPLATES
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, path.read_text())
    ]

    assert TEMPLATES
    assert not broken


def test_a_form_that_changes_something_comes_from_the_component() -> None:
    form = re.compile(r"<form[^>]*method\s*=\s*[\"']post", re.IGNORECASE)
    own = [
        path.name
        for path in TEMPLATES
        if path.parent.name != "components" and form.search(path.read_text())
    ]

    assert not own


def test_every_template_that_is_rendered_is_there_and_every_one_is_used(app: Flask) -> None:
    rendered = {
        name
        for path in (ROOT / "casefile").rglob("*.py")
        for name in RENDERED.findall(path.read_text())
    }
    used = set(rendered)
    there = {path.relative_to(ROOT / "templates").as_posix(): path for path in TEMPLATES}
    for path in there.values():
        tree = app.jinja_env.parse(path.read_text())
        used |= {name for name in meta.find_referenced_templates(tree) if name}

    assert rendered <= set(there), rendered - set(there)
    assert set(there) <= used, set(there) - used


def test_every_address_in_a_template_can_be_made(app: Flask) -> None:
    for path in TEMPLATES:
        for endpoint in re.findall(r"url_for\(\s*[\"']([\w.]+)[\"']", path.read_text()):
            assert endpoint in app.view_functions, f"{path.name} links to {endpoint}"


def test_scripts_and_styles_call_nobody_and_run_no_text() -> None:
    for path in [*STATIC.rglob("*.js"), *STATIC.rglob("*.css"), *STATIC.rglob("*.svg")]:
        source = path.read_text()
        for word in (
            "eval(",
            "new Function",
            "innerHTML",
            "document.write",
            "localStorage",
            "@import",
        ):
            assert word not in source or _is_harmless(word, source), f"{path.name} has {word}"
        elsewhere = set(re.findall(r"https?://[\w.]+", source)) - {"http://www.w3.org"}
        assert not elsewhere, f"{path.name} names {elsewhere}"


def _is_harmless(word: str, source: str) -> bool:
    """Settings of the reader's own browser may be kept there, never content."""
    return word == "localStorage" and not re.search(
        r"localStorage\.setItem\([^)]*(body|value)", source
    )


def test_every_brace_of_the_stylesheet_is_closed() -> None:
    """A browser drops the rest of a sheet without a word."""
    depth = 0
    for number, line in enumerate((STATIC / "casefile.css").read_text().splitlines(), start=1):
        depth += line.count("{") - line.count("}")
        assert depth >= 0, number
    assert depth == 0
