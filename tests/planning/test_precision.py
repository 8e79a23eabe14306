"""What people call a precision."""

from __future__ import annotations

import pytest
import torch

from modelviz.errors import InputError
from modelviz.planning.precision import precision_named

NAMES: dict[str, list[object]] = {
    "float32": [
        "float32", "fp32", "f32", "32", 32, "32-true", "float", "single", "no", "full", None,
        torch.float32, "torch.float32", " FP32 ",
    ],
    "bfloat16": ["bfloat16", torch.bfloat16, "bf16-true", "bf16_true", "pure-bf16"],
    "float16": ["float16", "half", torch.half, "16-true", "fp16-true"],
    "bf16-mixed": [
        "bf16-mixed", "BF16-Mixed", "amp-bf16", "amp_bf16", "bf16_amp", "mixed_bfloat16",
        "autocast bf16", "bf16 autocast",
    ],
    "fp16-mixed": ["fp16-mixed", "16-mixed", "mixed_float16", "amp_fp16", "half-mixed"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "given"), [(n, g) for n, all_ in NAMES.items() for g in all_])
@pytest.mark.parametrize("trains", [True, False])
def test_names_of_other_tools_are_understood(name: str, given: object, trains: bool) -> None:
    assert precision_named(given, trains).name == name


@pytest.mark.parametrize(
    ("given", "training", "inference"),
    [
        ("bf16", "bf16-mixed", "bfloat16"),
        ("fp16", "fp16-mixed", "float16"),
        ("16", "fp16-mixed", "float16"),
        (16, "fp16-mixed", "float16"),
    ],
)
def test_short_names_are_autocast_where_a_step_trains(
    given: object, training: str, inference: str
) -> None:
    assert precision_named(given, True).name == training
    assert precision_named(given, False).name == inference


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("amp", "name its dtype too, 'bf16-mixed' or 'fp16-mixed'"),
        ("mixed", "name its dtype too"),
        ("mixed-precision", "expected one of float32"),
        ("bf16-mixd", "did you mean 'bf16-mixed'"),
        ("flaot32", "did you mean 'float32'"),
        ("32-mixed", "did you mean"),
        ("int8", "give the quantized model"),
        ("nf4", "give the quantized model"),
        ("4-bit", "give the quantized model"),
        ("float8_e4m3fn", "give the quantized model"),
        (torch.float64, "model.double()"),
        ("tf32", "the memory of 'float32'"),
        ("bf16-fp16", "expected one of float32"),
        (True, "precision=True: expected one of float32"),
        ("", "expected one of float32"),
        (["bf16", 3], "expected one of float32"),
    ],
)
def test_what_is_no_precision_is_told_with_what_the_choices_mean(
    given: object, advice: str
) -> None:
    with pytest.raises(InputError) as error:
        precision_named(given, True)
    assert advice in str(error.value) and "bf16-mixed, fp16-mixed (autocast)" in str(error.value)
