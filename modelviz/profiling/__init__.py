"""What a model does when it runs: the time it takes, the values it computes."""

from .run import profile
from .statistics import stats

__all__ = ["profile", "stats"]
