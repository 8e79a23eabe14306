"""Fake tensors made without PyTorch's constructor are what it makes."""

from __future__ import annotations

import pytest
import torch

from modelviz.tracing.execution import _fake_mode
from modelviz.tracing.fakes import FakeMaker
from modelviz.tracing.torch_internals import FakeTensor


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_second_fake_is_as_the_constructor_makes_it(device: str) -> None:
    mode = _fake_mode()
    make = FakeMaker(mode)
    place = torch.device(device)
    metas = [torch.empty(size, device="meta") for size in ((2, 3), (4,))]
    first, second = (make(meta, place) for meta in metas)
    made = FakeTensor(mode, metas[1], place)
    assert type(second) is FakeTensor
    assert vars(second) == vars(made)
    assert vars(second) is not vars(first)
    assert (second.shape, second.device, second.requires_grad) == ((4,), place, False)
    assert second.untyped_storage()._cdata == metas[1].untyped_storage()._cdata
    assert torch._C._dispatch_keys(second).raw_repr() == torch._C._dispatch_keys(made).raw_repr()
    for fake in (second, made):
        with pytest.raises(RuntimeError, match="data pointer"):
            fake.data_ptr()


def test_what_one_fake_is_given_no_other_has() -> None:
    make = FakeMaker(_fake_mode())
    meta, cpu = torch.empty(2, device="meta"), torch.device("cpu")
    first = make(meta, cpu)
    first.constant = torch.zeros(2)
    first.mark = True
    second = make(meta, cpu)
    assert second.constant is None
    assert not hasattr(second, "mark")


def test_fakes_compute() -> None:
    mode = _fake_mode()
    make = FakeMaker(mode)
    one, other = (
        make(torch.empty(size, device="meta"), torch.device("cpu")) for size in ((2, 3), (3, 5))
    )
    with mode:
        assert (one @ other).shape == (2, 5)
