"""Rules that say what is wrong with a model, and ``check``, which applies them."""

from .report import Report
from .rule import RULES, Rule, Spot, rule
from .run import check

__all__ = ["RULES", "Report", "Rule", "Spot", "check", "rule"]
