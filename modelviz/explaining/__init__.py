"""Why a forward failed, and what to do: what met where, what was expected, remedies in order."""

from .case import Case, Explanation, Met
from .explain import explain
from .lit import Lit, lit

__all__ = ["Case", "Explanation", "Lit", "Met", "explain", "lit"]
