from __future__ import annotations

import copy
import gc
import inspect
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.collecting import objects_of
from modelviz.graph import Buffer, Tensor
from modelviz.tracing.records import OpRecord


def test_a_quick_record_is_a_frozen_dataclass_like_any_other() -> None:
    made = Buffer("weight", (2, 3), "float32", bytes=24)
    frozen: Any = made
    assert type(made) is Buffer
    assert made == Buffer("weight", (2, 3), "float32", 24, True, None)
    assert hash(made) == hash(replace(made))
    assert made != replace(made, bytes=25)
    assert repr(made).startswith("Buffer(name='weight', shape=(2, 3), dtype='float32', bytes=24")
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made
    with pytest.raises(FrozenInstanceError):
        frozen.bytes = 0
    with pytest.raises(FrozenInstanceError):
        del frozen.bytes


def test_its_arguments_are_those_of_its_fields() -> None:
    assert list(inspect.signature(Tensor).parameters) == [part.name for part in fields(Tensor)]
    with pytest.raises(TypeError, match="missing 2 required positional arguments"):
        Buffer("weight", (2, 3))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        Buffer("weight", (2, 3), "float32", 24, size=3)  # type: ignore[call-arg]


def test_a_trace_leaves_no_records_for_the_garbage_collector() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.BatchNorm1d(4))
    gc.collect()
    # What other tests hold on to stays what it is.
    before = objects_of([OpRecord])
    gc.disable()
    try:
        for execution in ("fake", "real"):
            modelviz.trace(model, input_data=torch.ones(2, 4), execution=execution)
            assert len(objects_of([OpRecord])) == len(before)
    finally:
        gc.enable()
