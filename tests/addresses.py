"""Werkzeug compiles every address of every application, and here are hundreds of the same.

What it compiles follows from the rule alone, so it is done once for all applications of a process:
an application is there in a tenth of the time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from werkzeug.routing import Rule


class _Compiled(NamedTuple):
    parts: list[Any]
    trace: list[Any]
    converters: dict[str, Any]
    arguments: set[str]
    build: Any
    build_unknown: Any


_compile = Rule.compile
_compiled: dict[object, _Compiled] = {}


def _compile_once(rule: Rule) -> None:
    given = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, rule.strict_slashes)
    made_of = (*given, tuple(sorted((rule.defaults or {}).items())), frozenset(rule.arguments))
    if made_of not in _compiled:
        _compile(rule)
        _compiled[made_of] = _Compiled(
            rule._parts,
            rule._trace,
            rule._converters,
            set(rule.arguments),
            rule._build.__func__,  # type: ignore[attr-defined]
            rule._build_unknown.__func__,  # type: ignore[attr-defined]
        )
        return
    known = _compiled[made_of]
    rule._parts, rule._trace, rule._converters = known.parts, known.trace, known.converters
    rule.arguments = set(known.arguments)
    rule._build = known.build.__get__(rule, None)
    rule._build_unknown = known.build_unknown.__get__(rule, None)


def compile_once() -> None:
    Rule.compile = _compile_once  # type: ignore[method-assign]
