"""Steps of several passes, against the allocator of real ones."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import modelviz

from .real import real_peak
from .test_plan import Image, Language, mean

pytestmark = pytest.mark.usefixtures("one_thread")

Made = tuple[nn.Module, torch.Tensor]


def language() -> Made:
    return Language(), torch.zeros(16, 64, dtype=torch.int64)


def image() -> Made:
    return Image(), torch.zeros(8, 3, 32, 32)


def recurrent() -> Made:
    return nn.Sequential(nn.LSTM(32, 64, 2), _First()), torch.zeros(20, 8, 32)


def layers() -> Made:
    wide = [nn.Linear(256, 512), nn.GELU(), nn.Linear(512, 512), nn.GELU(), nn.Linear(512, 8)]
    return nn.Sequential(*wide), torch.zeros(32, 256)


class _First(nn.Module):
    def forward(self, outputs: tuple[torch.Tensor, Any]) -> torch.Tensor:
        return outputs[0]


class _Again(nn.Module):
    """A module that is computed again in the backward pass."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> Any:
        return checkpoint(self.inner, x, use_reentrant=False, preserve_rng_state=False)


_SLOW = partial(pytest.param, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("make", "optimizer", "precision", "saving"),
    [
        (layers, "adamw", "float32", False),
        _SLOW(language, "sgd", "float32", True),
        _SLOW(layers, "adafactor", "float32", False),
        _SLOW(image, "adamw", "float32", False),
        _SLOW(image, "rmsprop", "bf16-mixed", False),
        _SLOW(recurrent, "adam", "float32", False),
        _SLOW(language, "adamw", "bf16-mixed", False),
        _SLOW(language, "adamw", "bfloat16", False),
        _SLOW(language, "adamw", "fp16-mixed", True),
    ],
)
def test_peak_of_several_passes_is_that_of_a_real_step(
    make: Callable[[], Made], optimizer: str, precision: str, saving: bool
) -> None:
    model, data = make()
    globs = ("blocks.*",) if saving else ()
    choices: dict[str, Any] = {"precision": precision, "loss": mean, "checkpoint": globs}
    planned = {
        passes: modelviz.plan(
            model, input_data=data, optimizer=optimizer, accumulate=passes, **choices
        ).peak_bytes
        for passes in (1, 2, 5)
    }
    real = copy.deepcopy(model)
    if saving:
        real.blocks = nn.Sequential(*map(_Again, real.blocks))  # type: ignore[arg-type]
    if precision == "bfloat16":
        real = real.to(torch.bfloat16)
    casts = {"bf16-mixed": torch.bfloat16, "fp16-mixed": torch.float16}
    scale = 65536.0 if precision == "fp16-mixed" else None
    classes = {name.lower(): kind for name, kind in vars(torch.optim).items()}
    for passes, peak in planned.items():
        measured = real_peak(
            real,
            (data,),
            optimizer=partial(classes[optimizer], lr=0.1),
            loss=mean if scale is None else (lambda output: mean(output) * scale),
            autocast=casts.get(precision),
            passes=passes,
        )
        assert peak == pytest.approx(measured, rel=0.005), passes
    assert planned[2] == planned[5] >= planned[1]
