"""Why a forward failed, and what to do: what met where, what was expected, remedies in order."""

from .lit import Lit, lit

__all__ = ["Lit", "lit"]
