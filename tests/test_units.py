"""How numbers read, worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelviz import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (999.5, "1.00 k"),
        (1_000, "1.00 k"),
        (999_600, "1.00 M"),
        (25_557_032, "25.6 M"),
        (7_241_732_096, "7.24 G"),
        (4_090_000_000_000_000, "4.09 P"),
    ],
)
def test_counts_have_three_digits_and_a_prefix(value: float, text: str) -> None:
    assert units.count_text(value) == text


def test_each_quantity_has_its_unit() -> None:
    assert units.params_text(7_241_732_096) == "7.24 B params"
    assert units.parameters_text(25_557_032) == "25.6 M"
    assert units.flops_text(8_178_370_048) == "8.18 GFLOPs"
    assert units.flops_text(12) == "12 FLOPs"
    assert units.exact_text(25_557_032) == "25,557,032"
    assert units.shape_text((1, 64, 56, 56)) == "1×64×56×56"
    assert units.shape_text(()) == "scalar"


def test_bytes_count_in_powers_of_1000_as_below_the_table() -> None:
    assert units.bytes_text(102_228_128) == "102 MB"
    assert units.megabytes_text(102_228_128) == "102.23"
    assert units.bytes_text(240) == "240 B"
    assert units.bytes_text(1_500) == "1.50 kB"


def test_times_go_down_to_nanoseconds() -> None:
    assert [units.seconds_text(t) for t in (1.2, 0.0425, 7.3e-6, 2e-9)] == [
        "1.20 s",
        "42.5 ms",
        "7.30 µs",
        "2 ns",
    ]


def test_a_share_never_reads_as_nothing_nor_as_more_than_all() -> None:
    assert units.share_text(1, 3) == "33.3%"
    assert units.share_text(1, 1_000_000) == "< 0.1%"
    assert units.share_text(999_999, 1_000_000) == "100%"
    assert units.share_text(1, 10) == "10%"
    assert units.share_text(0, 10) == units.share_text(5, 0) == ""


@given(st.integers(1, 10**17))
def test_a_count_reads_as_what_it_is_to_three_digits(value: int) -> None:
    scales = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
    number, _, prefix = units.count_text(value).partition(" ")
    assert abs(float(number) * scales.get(prefix, 1.0) - value) <= 0.0051 * value


def test_several_shapes_read_as_a_sentence() -> None:
    assert units.shapes_text([(1, 256), (10, 16), (10,)]) == "1×256, 10×16 and 10"
    assert units.shapes_text([(1, 2), (3,)]) == "1×2 and 3"
    assert units.shapes_text([(4,)]) == "4"
    assert units.shapes_text([]) == ""
