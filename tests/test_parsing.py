"""What a user types as shapes and dtypes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from modelviz.errors import InputError
from modelviz.parsing import parse_dtype, parse_dtypes, parse_shape

shapes = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).map(tuple)


@given(shapes, st.sampled_from([",", ", ", "x", " x "]), st.sampled_from(["{}", "({})", "[{}]"]))
def test_shape_is_read_however_it_is_written(
    shape: tuple[int, ...], separator: str, around: str
) -> None:
    assert parse_shape(around.format(separator.join(map(str, shape)))) == shape


def test_shape_may_be_written_as_python_does() -> None:
    assert parse_shape("(8,)") == (8,)


@pytest.mark.parametrize("text", ["", "a", "1,,2", "1,-2", "1.5", "1,3,224,224,w", "²", ","])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"batch first, such as 1,3,224,224"):
        parse_shape(text)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("int64", torch.int64), ("torch.long", torch.int64), ("bfloat16", torch.bfloat16)],
)
def test_dtype_by_name(name: str, dtype: torch.dtype) -> None:
    assert parse_dtype(name) is dtype


@pytest.mark.parametrize("name", ["", "integer", "nn", "Tensor"])
def test_what_is_no_dtype_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="there is no dtype"):
        parse_dtype(name)


def test_one_dtype_serves_all_inputs() -> None:
    assert parse_dtypes(["half"], 3) == [torch.half] * 3
    assert parse_dtypes(["half", "int64"], 2) == [torch.half, torch.int64]


def test_dtypes_that_do_not_match_the_inputs_are_refused() -> None:
    with pytest.raises(InputError, match="got 2 dtypes for 3 inputs"):
        parse_dtypes(["half", "int64"], 3)
