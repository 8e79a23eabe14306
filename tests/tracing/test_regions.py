"""Regions of storage against a brute-force count of bytes."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modelviz.tracing.regions import Geometry, remainder


@st.composite
def views(draw: st.DrawFn) -> torch.Tensor:
    tensor = torch.zeros(4, 6, 8)
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(
            st.sampled_from(["narrow", "select", "step", "transpose", "flatten", "bytes", "expand"])
        )
        if tensor.dim() == 0:
            break
        dim = draw(st.integers(0, tensor.dim() - 1))
        size = tensor.shape[dim]
        if kind == "narrow":
            start = draw(st.integers(0, size))
            tensor = tensor.narrow(dim, start, draw(st.integers(0, size - start)))
        elif kind == "select" and size:
            tensor = tensor.select(dim, draw(st.integers(0, size - 1)))
        elif kind == "step":
            index = [slice(None)] * dim + [slice(draw(st.integers(0, 1)), None, 2)]
            tensor = tensor[tuple(index)]
        elif kind == "transpose":
            tensor = tensor.transpose(0, -1)
        elif kind == "flatten" and tensor.is_contiguous():
            tensor = tensor.view(-1)
        elif kind == "bytes" and tensor.is_contiguous() and tensor.stride(-1) == 1:
            tensor = tensor.view(torch.int16)
        elif kind == "expand":
            tensor = tensor.unsqueeze(0).expand(2, *tensor.shape)
    return tensor


def bytes_of(tensor: torch.Tensor) -> set[int]:
    size = tensor.element_size()
    elements = torch.arange(tensor.untyped_storage().nbytes() // size)
    shown = elements.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())
    return {element * size + byte for element in shown.flatten().tolist() for byte in range(size)}


@settings(max_examples=300, deadline=None)
@given(views(), st.lists(views(), max_size=4))
def test_no_visible_write_is_missed(read: torch.Tensor, writes: list[torch.Tensor]) -> None:
    visible, rest = remainder(Geometry.of(read), [Geometry.of(write) for write in writes])
    left = bytes_of(read)
    for index, write in enumerate(writes):
        covered = bytes_of(write)
        if left & covered:
            assert index in visible
        left -= covered
    if left:
        assert rest


def test_slices_of_one_tensor_are_told_apart_exactly() -> None:
    base = torch.zeros(4, 6, 8)
    slices = [base[:, :3], base[:, 3:], base[..., ::2], base[..., 1::2], base[1:3, 2:4, 4:6]]
    for read in slices:
        for write in slices:
            visible, rest = remainder(Geometry.of(read), [Geometry.of(write)])
            assert bool(visible) == bool(bytes_of(read) & bytes_of(write))
            assert rest == bool(bytes_of(read) - bytes_of(write))
