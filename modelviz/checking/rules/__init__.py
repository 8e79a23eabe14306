"""The rules, a file for each family."""

from . import (
    activations,
    batches,
    gradients,
    losses,
    modes,
    numerics,
    redundancy,
    speed,
    unused,
    values,
    windows,
)

__all__ = [
    "activations",
    "batches",
    "gradients",
    "losses",
    "modes",
    "numerics",
    "redundancy",
    "speed",
    "unused",
    "values",
    "windows",
]
