"""The rules, a file for each family."""

from . import (
    activations,
    batches,
    gradients,
    joined,
    losses,
    masks,
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
    "joined",
    "losses",
    "masks",
    "modes",
    "numerics",
    "redundancy",
    "softmax",
    "speed",
    "unused",
    "values",
    "windows",
]
