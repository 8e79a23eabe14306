"""What changed from one model to another."""

from .changes import Change, Detail
from .difference import Diff, Totals
from .run import diff

__all__ = ["Change", "Detail", "Diff", "Totals", "diff"]
