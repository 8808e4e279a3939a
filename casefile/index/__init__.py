"""Sealed full-text search: one SQLCipher file per case, whoosh for analysis and query language."""

from casefile.index.grammar import Parsed, parse
from casefile.index.records import (
    CaseShard,
    CatchUp,
    Document,
    Facet,
    Fragment,
    Hit,
    Problem,
    Query,
    Results,
)
from casefile.index.search import Index
from casefile.index.snippets import highlight, snippet
from casefile.index.verify import verify, verify_open

__all__ = [
    "CaseShard",
    "CatchUp",
    "Document",
    "Facet",
    "Fragment",
    "Hit",
    "Index",
    "Parsed",
    "Problem",
    "Query",
    "Results",
    "highlight",
    "parse",
    "snippet",
    "verify",
    "verify_open",
]
