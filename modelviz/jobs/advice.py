"""What to try after a forward that failed."""

from __future__ import annotations

import re

from ..graph import ModelGraph, Module

GENERAL = "check the shapes and dtypes of the inputs, and the code at the line that failed"


def advice(graph: ModelGraph) -> str:
    """What to change, in a sentence; with the sizes that do not fit, where the layer tells them."""
    failure = graph.failure
    if failure is None or failure.call is None:
        return GENERAL
    call = graph.calls[failure.call]
    module = graph.module(failure.module)
    shapes = failure.shapes or tuple(graph.tensors[tensor].shape for tensor in call.inputs)
    if not shapes:
        return GENERAL
    return _misfit(module, shapes[0], graph.tensors[call.inputs[0]].dtype if call.inputs else "")


def _misfit(module: Module, shape: tuple[int, ...], dtype: str) -> str:
    name = f"{module.path or module.class_name} ({module.class_name})"
    if (wanted := _setting(module, "in_features")) is not None:
        return _sized(name, "features in the last dimension", wanted, shape[-1:], shape)
    if module.class_name.startswith(("Conv", "LazyConv")) and module.parameters:
        wanted = _channels(module)
        # A batch may be left out, so the channels are counted from the end.
        place = -1 - len(module.kernel_size or ())
        got = shape[place : place + 1] if len(shape) >= -place else ()
        return _sized(name, "channels", wanted, got, shape)
    if module.class_name.startswith("Embedding") and "int" not in dtype:
        return f"{name} takes whole numbers and got {dtype}: give the input the dtype int64"
    return GENERAL


def _sized(name: str, what: str, wanted: int, got: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if got == (wanted,):
        return GENERAL
    there = f"{got[0]:,}" if got else "none"
    return (
        f"{name} expects {wanted:,} {what} and got {there}, in a tensor of shape {list(shape)}: "
        "change the shape of the input, or the size of the layer"
    )


def _channels(module: Module) -> int:
    """The channels that a convolution takes: the first number that it prints."""
    first = re.match(r"\d+", module.config)
    return int(first.group()) if first else 0


def _setting(module: Module, name: str) -> int | None:
    found = re.search(rf"\b{name}=(\d+)\b", module.config)
    return int(found.group(1)) if found else None
