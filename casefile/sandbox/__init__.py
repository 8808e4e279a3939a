"""Files from strangers: what kind they are, and what text they hold."""

from casefile.sandbox.extraction import as_pictures, extract
from casefile.sandbox.formats import EXTRACTABLE, REPAINTED
from casefile.sandbox.kinds import media_type
from casefile.sandbox.limits import Limits
from casefile.sandbox.reasons import ExtractionError, Reason

__all__ = [
    "EXTRACTABLE",
    "REPAINTED",
    "ExtractionError",
    "Limits",
    "Reason",
    "as_pictures",
    "extract",
    "media_type",
]
