"""A browser that looks at every page it is shown and refuses a careless one."""

from __future__ import annotations

import io
import re
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import lxml.html

from tests.cast import open_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.cast import Actor

COOKIE = "casefile"
HOST = "http://localhost"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}
LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
SHOWN = "[not(ancestor::template)]"


class Page:
    """An answer: its status, its headers and what a person reads on it."""

    def __init__(self, response: TestResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.content = response.data
        self.type = response.mimetype
        self.json = response.json if response.mimetype == "application/json" else None
        response.close()

    @property
    def html(self) -> str:
        return self.content.decode()

    @property
    def tree(self) -> lxml.html.HtmlElement:
        return lxml.html.document_fromstring(self.html)

    @property
    def text(self) -> str:
        """What stands on the page, with each stretch of white space as one blank."""
        return " ".join(self.tree.text_content().split())

    @property
    def main(self) -> str:
        """What stands in the page's main part, without the header."""
        return " ".join(self.tree.xpath("//main")[0].text_content().split())

    @property
    def location(self) -> str:
        return str(self.headers["Location"])

    def find(self, path: str) -> list[Any]:
        return list(self.tree.xpath(path))

    def value(self, name: str) -> str:
        """Return what stands in a field of the page's forms."""
        element = self.find(f"//main//*[@name='{name}']")[0]
        if element.tag == "select":
            return str((element.xpath("option[@selected]/@value") or [""])[0])
        if element.tag == "textarea":
            return str(element.text or "").removeprefix("\n")
        return str(element.get("value") or "")

    def problems(self) -> str:
        """Return what the page says went wrong."""
        return " ".join(" ".join(found.text_content().split()) for found in self.find(PROBLEM))

    def warnings(self) -> str:
        """Return what the page warns of."""
        found = self.find("//*[contains(@class, 'notice')][@data-tone='danger']")
        return " ".join(" ".join(notice.text_content().split()) for notice in found)


PROBLEM = "//*[@data-problem] | //*[@data-category='error']"


class StrictBrowser:
    """A client with one cookie. Every answer is held against the rules before a test sees it."""

    def __init__(self, app: Flask, cookie: str | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        self._token: tuple[str | None, str] | None = None
        if cookie is not None:
            self.client.set_cookie(COOKIE, cookie)

    @property
    def cookie(self) -> str | None:
        found = self.client.get_cookie(COOKIE)
        return found.value if found else None

    def on(self, app: Flask) -> Self:
        """Return the same browser looking at another process of the same newsroom."""
        return type(self)(app, self.cookie)

    def sign_in(self, actor: Actor, status: int = HTTPStatus.SEE_OTHER) -> Page:
        return self.post("/sign-in", status, username=actor.username, password=actor.password)

    def get(self, path: str, status: int | None = 200, **given: Any) -> Page:
        return self._checked(self.client.get(path, base_url=HOST, **given), "GET", path, status)

    def post(
        self,
        path: str,
        status: int = 303,
        *,
        files: Sequence[tuple[str, bytes]] | None = None,
        token: str | None = None,
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Page:
        """Send a form. `token=""` sends none; files go into the field `files`."""
        sent = {**(fields or {}), **more}
        own = self.token() if token is None else token
        if own:
            sent["csrf_token"] = own
        if files is not None:
            sent["files"] = [(io.BytesIO(content), name) for name, content in files]
        response = self.client.post(
            path,
            data=sent,
            base_url=HOST,
            headers=dict(headers or {}),
            content_type="multipart/form-data" if files is not None else None,
        )
        return self._checked(response, "POST", path, status)

    def token(self) -> str:
        """Return a forgery token of this session, as it stands in the forms of its pages."""
        if self._token is None or self._token[0] != self.cookie:
            page = self.client.get("/account/password", base_url=HOST, follow_redirects=True)
            self._remember(Page(page))
        assert self._token is not None, "no page of this session holds a form"
        return self._token[1]

    def _remember(self, page: Page) -> None:
        if page.type == "text/html" and page.content:
            found = page.find("//input[@name='csrf_token']/@value")
            if found:
                self._token = (self.cookie, str(found[-1]))

    def _checked(self, response: TestResponse, method: str, path: str, status: int | None) -> Page:
        page = Page(response)
        where = f"{method} {path}"
        as_wanted = page.status < 400 if status is None else page.status == status
        assert as_wanted, f"{where} answered {page.status}: {_short(page)}"
        check_headers(page, where)
        if page.type == "text/html" and 300 <= page.status < 400:
            assert page.location.startswith("/"), f"{where} leads to {page.location}"
        elif page.type == "text/html" and b"<html" in page.content:
            check_page(page, where)
            self._remember(page)
        return page


class Browse:
    """Gives each person their browser, signed in; nobody's is signed out."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._open: dict[str, StrictBrowser] = {}

    def __call__(self, actor: Actor | None = None, *, fresh: bool = False) -> StrictBrowser:
        name = actor.username if actor else ""
        if fresh or name not in self._open:
            cookie = open_session(self._app, actor) if actor else None
            self._open[name] = StrictBrowser(self._app, cookie)
        return self._open[name]


def _short(page: Page) -> str:
    return page.text[:600] if page.type == "text/html" and page.content else str(page.content[:200])


def check_headers(page: Page, where: str) -> None:
    for name, value in HEADERS.items():
        assert page.headers.get(name) == value, f"{where}: {name} is {page.headers.get(name)}"
    policy = page.headers.get("Content-Security-Policy", "")
    assert policy.startswith("default-src 'none'"), where
    assert "unsafe" not in policy, where
    public = path_is_public(where)
    assert public or page.headers.get("Cache-Control") == "no-store", f"{where} may be cached"
    for cookie in page.headers.getlist("Set-Cookie"):
        lowered = cookie.lower()
        for part in ("httponly", "samesite=lax", "path=/"):
            assert part in lowered, f"{where} sets a cookie without {part}"


def path_is_public(where: str) -> bool:
    return where.startswith(("GET /static/", "GET /bootstrap/"))


def check_page(page: Page, where: str, *, echoes: bool = False) -> None:
    """Hold a page against the rules; one that `echoes` shows what a test sent, braces and all."""
    tree = page.tree
    assert page.html.lstrip().lower().startswith("<!doctype html>"), where
    assert tree.get("lang"), f"{where} names no language"
    headings = [heading.text_content().strip() for heading in tree.xpath("//h1")]
    assert len(headings) == 1, f"{where} has {len(headings)} h1"
    assert headings[0], f"{where} has an empty h1"
    titles = tree.xpath("//title/text()")
    assert len(titles) == 1, f"{where} has no title"
    assert titles[0].strip(), f"{where} has an empty title"
    _check_ids(tree, where)
    _check_labels(tree, where)
    _check_forms(tree, where)
    _check_nothing_inline(tree, where)
    unrendered = () if echoes else ("{{", "{%")
    for trace in ("Traceback (most recent call last)", *unrendered, "&lt;Markup", " object at 0x"):
        assert trace not in page.html, f"{where} shows {trace}"


def _check_ids(tree: lxml.html.HtmlElement, where: str) -> None:
    ids = Counter(tree.xpath("//@id"))
    twice = [name for name, count in ids.items() if count > 1]
    assert not twice, f"{where} uses these ids twice: {twice}"
    for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form"):
        for value in tree.xpath(f"//@{attribute}"):
            missing = [name for name in value.split() if name not in ids]
            assert not missing, f"{where}: {attribute} names {missing}, which is not there"


def _check_labels(tree: lxml.html.HtmlElement, where: str) -> None:
    labelled = set(tree.xpath("//label[normalize-space()]/@for"))
    for box in tree.xpath(f"//*[self::input or self::select or self::textarea]{SHOWN}"):
        if box.tag == "input" and (box.get("type") or "text") in UNLABELLED:
            continue
        named = (
            box.get("id") in labelled
            or box.get("aria-label")
            or box.get("aria-labelledby")
            or box.xpath("ancestor::label[normalize-space()]")
        )
        assert named, f"{where}: the box {box.get('name')} has no label"
    for thing in tree.xpath(f"//*[self::button or self::a[@href]]{SHOWN}"):
        named = (
            thing.text_content().strip() or thing.get("aria-label") or thing.xpath(".//img/@alt")
        )
        assert named, f"{where}: a {thing.tag} says nothing: {lxml.html.tostring(thing)[:200]!r}"
    for image in tree.xpath("//img"):
        assert image.get("alt") is not None, f"{where}: a picture without alt"


def _check_forms(tree: lxml.html.HtmlElement, where: str) -> None:
    for form in tree.xpath("//form"):
        action = form.get("action") or ""
        assert action.startswith("/"), f"{where}: a form sends to {action!r}"
        assert not action.startswith("//"), f"{where}: a form sends to {action!r}"
        tokens = form.xpath(".//input[@type='hidden'][@name='csrf_token']/@value")
        if (form.get("method") or "get").lower() == "post":
            assert len(tokens) == 1, f"{where}: the form to {action} has {len(tokens)} tokens"
            assert tokens[0], f"{where}: the form to {action} has an empty token"
        else:
            assert not tokens, f"{where}: the GET form to {action} shows its token in addresses"
        if form.xpath(".//input[@type='file']"):
            assert form.get("enctype") == "multipart/form-data", f"{where}: files cannot be sent"


def _check_nothing_inline(tree: lxml.html.HtmlElement, where: str) -> None:
    assert not tree.xpath("//style"), f"{where} has a style element"
    assert not tree.xpath("//@style"), f"{where} has a style attribute"
    assert not tree.xpath("//script[not(@src)]"), f"{where} has an inline script"
    assert not tree.xpath("//base"), f"{where} moves its addresses"
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        handlers = [name for name in element.attrib if re.fullmatch(r"on\w+", name)]
        assert not handlers, f"{where}: {element.tag} has {handlers}"
        source = element.get(LOADS.get(element.tag, "src"))
        if source and not source.startswith("data:image/"):
            assert re.match(r"/(?!/)", source), f"{where} loads {source}"
    for link in tree.xpath("//a/@href"):
        assert not link.lower().startswith(("javascript:", "data:", "vbscript:")), (
            f"{where}: {link}"
        )


def signed_in(app: Flask, actor: Actor) -> StrictBrowser:
    browser = StrictBrowser(app)
    browser.sign_in(actor)
    return browser
