"""A layer's settings in a few words."""

from __future__ import annotations

import pytest

from modelviz.view.labels import MAX_DETAIL, short_config


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("8, 16, num_layers=2, bidirectional=True", "8 → 16, bidirectional, 2 layers"),
        ("4, num_heads=4, causal=False", "4, 4 heads, causal False"),
        ("num_parameters=1", "num parameters 1"),
        ("num_groups=(2, 3)", "num groups (2, 3)"),
        ("3, 8, kernel_size=(3, 3), stride=(2, 2), bias=False", "3×3, 3 → 8, stride 2"),
        ("mode=Trueish", "mode Trueish"),
    ],
)
def test_a_setting_is_said_in_words(config: str, said: str) -> None:
    assert short_config(config) == said


def test_what_is_too_long_ends_after_a_whole_setting() -> None:
    config = "32, 64, num_layers=2, batch_first=True, dropout=0.2, bidirectional=True"
    assert short_config(config) == "32 → 64, bidirectional, 2 layers, …"


def test_a_single_setting_that_is_too_long_is_cut() -> None:
    said = short_config(f"name={'x' * 100}")
    assert len(said) == MAX_DETAIL
    assert said.startswith("name xxx") and said.endswith("x…")
