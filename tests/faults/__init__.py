"""Runnable PyTorch models with faults that people have reported, each with a mended twin.

``FAULTS`` holds them by name. The models are small and in plain PyTorch: any tool can be run on
them. ``docs/faults.md`` says how.
"""

from . import (
    activations,
    arithmetic,
    attention,
    batches,
    between,
    criteria,
    dimensions,
    ending,
    following,
    gradients,
    holding,
    idle,
    losses,
    making,
    modes,
    numerics,
    registration,
    samples,
    scores,
    skipping,
    speed,
    starting,
    unused,
    weights,
    windows,
)
from .registry import FAULTS, Fault

__all__ = [
    "FAULTS",
    "Fault",
    "activations",
    "arithmetic",
    "attention",
    "batches",
    "between",
    "criteria",
    "dimensions",
    "ending",
    "following",
    "gradients",
    "holding",
    "idle",
    "losses",
    "making",
    "modes",
    "numerics",
    "registration",
    "samples",
    "scores",
    "skipping",
    "speed",
    "starting",
    "unused",
    "weights",
    "windows",
]
