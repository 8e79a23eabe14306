"""The rules, a file for each family."""

from . import (
    activations,
    batches,
    gradients,
    losses,
    modes,
    numerics,
    redundancy,
    softmax,
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
    "softmax",
    "speed",
    "unused",
    "values",
    "windows",
]
