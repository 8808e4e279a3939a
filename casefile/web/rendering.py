"""How templates are rendered: each found once, each phrase of the interface translated once."""

from __future__ import annotations

import functools
import re
from types import BuiltinMethodType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import flask
from flask.templating import Environment as FlaskEnvironment
from flask_babel import get_translations
from flask_babel.speaklater import LazyString
from jinja2 import Template
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from markupsafe import Markup, escape

from casefile.web.reader import forget_reader, reader

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from types import CodeType

    from flask import Flask
    from flask.sansio.app import App
    from jinja2.environment import Environment as JinjaEnvironment
    from jinja2.environment import TemplateModule

PHRASES = 4096
SPECIAL = re.compile("[&<>'\"]")
ADDRESSES = 4096
REMEMBERED = 512
STATIC = frozenset({"static", "bootstrap.static"})
PLAIN = frozenset({FunctionType, MethodType, BuiltinMethodType})


def shown(value: Any) -> str:
    """Escape what a template shows, without a copy of text that has nothing to escape.

    Most of a page is such text, and Jinja's own `escape` wraps each piece of it in an object.
    """
    kind = type(value)
    if kind is Markup or (kind is str and SPECIAL.search(value) is None):
        return value  # type: ignore[no-any-return]
    return str(value) if kind is int else escape(value)


class ComponentTemplate(Template):
    """A template whose macros are made once, and which escapes with `shown`.

    Jinja asks at each import whether the page has globals that the imported template lacks; ours
    never has. A template names as `remembered` its macros whose result follows from language and
    arguments alone; nothing of a case may go through them.
    """

    @classmethod
    def from_code(
        cls,
        environment: JinjaEnvironment,
        code: CodeType,
        globals: MutableMapping[str, Any],  # noqa: A002 - Jinja names it so
        uptodate: Callable[[], bool] | None = None,
    ) -> Template:
        template = super().from_code(environment, code, globals, uptodate)
        template.root_render_func.__globals__["escape"] = shown
        return template

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if self._module is None:
            module = super()._get_default_module(ctx)
            for name in getattr(module, "remembered", ()):
                setattr(module, name, _remembered(getattr(module, name)))
        return self._module or super()._get_default_module(ctx)


def _remembered(macro: Macro) -> Callable[..., str]:
    """Make the few words or signs that a macro writes for each argument only once."""

    @functools.lru_cache(REMEMBERED)
    def made(_language: str, *given: object) -> str:
        return macro(*given)

    def remembered(*given: object) -> str:
        return made(reader().language, *given)

    return remembered


class PageContext(Context):
    """A context that does not ask macros and plain functions at length what they want passed."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        kind = type(called)
        if kwargs:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
        if kind is Macro:
            return self._macro(called, args, kwargs)
        if kind in PLAIN and not hasattr(called, "jinja_pass_arg"):
            return called(*args, **kwargs)
        return super().call(called, *args, **kwargs)

    def _macro(self, macro: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if macro.caller or macro.catch_kwargs or macro.catch_varargs:
            return macro(self.eval_ctx, *args, **kwargs)
        left_out = macro.arguments[len(args) :]
        if kwargs and kwargs.keys() <= set(left_out):
            args += tuple(kwargs.get(name, missing) for name in left_out)
        elif not kwargs and len(args) <= len(macro.arguments):
            args += (missing,) * len(left_out)
        else:
            return macro(self.eval_ctx, *args, **kwargs)
        # What a macro does with its arguments, without its ceremony.
        return Markup(macro._func(*args))  # noqa: S704, SLF001


class Environment(FlaskEnvironment):
    """Jinja's environment when templates do not change while the program runs."""

    template_class = ComponentTemplate
    context_class = PageContext

    def __init__(self, app: App, **options: Any) -> None:
        super().__init__(app, **options)
        # A phrase that waits for its language is text too; a template would take its first letter.
        self.tests["string"] = lambda value: isinstance(value, (str, LazyString))
        self._found: dict[str, Template] = {}

    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: Any = None,  # noqa: A002 - Jinja names it so
    ) -> Template:
        found = self._found.get(name) if isinstance(name, str) else None
        if found is None:
            found = super().get_template(name, parent, globals)
            if isinstance(name, str) and globals is None:
                self._found[name] = found
        return found


@functools.lru_cache(PHRASES)
def _format(_language: str, message: str) -> str:
    return str(get_translations().gettext(message))


@functools.lru_cache(PHRASES)
def _plural_format(_language: str, singular: str, plural: str, number: int) -> str:
    return str(get_translations().ngettext(singular, plural, number))


def _filled(text: str, values: dict[str, Any]) -> Markup:
    safe = {name: value if type(value) is int else shown(value) for name, value in values.items()}
    return Markup(text % safe)  # noqa: S704


@functools.lru_cache(PHRASES)
def _phrase(language: str, message: str) -> Markup:
    return _filled(_format(language, message), {})


@functools.lru_cache(PHRASES)
def _count(language: str, singular: str, plural: str, number: int) -> Markup:
    return _filled(_plural_format(language, singular, plural, number), {"num": number})


def gettext(message: str, **values: object) -> Markup:
    """Translate a phrase of a template; values are escaped unless they are markup."""
    if values:
        return _filled(_format(reader().language, message), values)
    return _phrase(reader().language, message)


def ngettext(singular: str, plural: str, number: int, **values: object) -> Markup:
    """Translate a phrase with a number, which it holds as `num`."""
    if values:
        text = _plural_format(reader().language, singular, plural, number)
        return _filled(text, {"num": number, **values})
    return _count(reader().language, singular, plural, number)


@functools.lru_cache(ADDRESSES)
def _address(_root: str, endpoint: str, values: tuple[tuple[str, object], ...]) -> str:
    return flask.url_for(endpoint, **dict(values))  # type: ignore[arg-type]


def url_for(endpoint: str, **values: Any) -> str:
    """Write an address. One made of ids is remembered; one that may hold a word somebody typed never."""
    if endpoint in STATIC or (endpoint[0] != "." and _are_ids(values)):
        return _address(reader().root, endpoint, tuple(values.items()))
    return flask.url_for(endpoint, **values)


def _are_ids(values: dict[str, Any]) -> bool:
    for value in values.values():  # noqa: SIM110 - a generator here would cost as much again
        if type(value) is not UUID:
            return False
    return True


def furnish(app: Flask) -> None:
    """Give templates these in place of Flask's and Flask-Babel's, which look everything up anew."""
    app.jinja_env.globals.update(_=gettext, gettext=gettext, ngettext=ngettext, url_for=url_for)
    app.before_request(forget_reader)
    app.teardown_request(forget_reader)
