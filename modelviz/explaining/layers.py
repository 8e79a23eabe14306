"""Layers that got another size than they are made for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case, Met, product

_FLATTENING = frozenset({"flatten", "view", "reshape", "ravel"})
_CONVOLUTION = re.compile(r"(?:Lazy)?Conv(Transpose)?(\d)d")
_NORM = re.compile(r"(Batch|Instance)Norm(\d)d|SyncBatchNorm")


def expected(case: Case) -> str | None:
    """What the layer takes, in words; None where the layer does not tell."""
    module = case.module
    if (features := case.number("in_features")) is not None:
        return f"{case.layer} takes {features:,} features in the last dimension"
    convolution = _CONVOLUTION.fullmatch(module.class_name)
    if convolution and (channels := case.number("0")) is not None:
        spatial = {"1": "length", "2": "height, width", "3": "depth, height, width"}[convolution[2]]
        return f"{case.layer} takes (batch, channels, {spatial}) with {channels:,} channels"
    if _NORM.fullmatch(module.class_name) and (channels := case.number("0")) is not None:
        return f"{case.layer} takes {channels:,} channels in dimension 1"
    if module.class_name in ("LayerNorm", "RMSNorm") and "0" in case.settings:
        return f"{case.layer} takes {case.settings['0']} as its last dimensions"
    if module.class_name.startswith("Embedding") and (rows := case.number("0")) is not None:
        return f"{case.layer} takes whole numbers from 0 to {rows - 1:,}"
    if module.class_name in ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"):
        return f"{case.layer} takes {case.settings.get('0')} features in the last dimension"
    return None


def remedies(case: Case) -> Iterator[str]:
    """What to do about a layer that got another size."""
    if not case.data:
        return
    given = case.data[0]
    if case.number("in_features") is not None or case.module.class_name == "Linear":
        yield from _linear(case, given, case.number("in_features"))
    elif _CONVOLUTION.fullmatch(case.module.class_name):
        yield from _convolution(case, given)
    elif _NORM.fullmatch(case.module.class_name):
        yield from _batch_norm(case, given)
    elif case.module.class_name in ("LayerNorm", "RMSNorm"):
        yield from _layer_norm(case, given)
    elif case.module.class_name == "GroupNorm":
        channels = given.shape[1] if len(given.shape) > 1 else 0
        yield f"make it GroupNorm(num_groups, {channels}): it got {channels} channels"
    elif case.module.class_name.startswith("Embedding"):
        yield from _embedding(case)
    elif case.module.class_name.startswith(("MaxPool", "AvgPool")):
        yield from _too_small(case, given)


def _linear(case: Case, given: Met, wanted: int | None) -> Iterator[str]:
    shape = given.shape
    if wanted is None or not shape:
        return
    got = shape[-1]
    if got == wanted:
        return
    flattened = _flattened(case, given)
    rest = product(shape[1:])
    if flattened is not None and len(shape) == 1 and flattened.shape:
        yield (
            f"keep the batch when you flatten: x.flatten(1), which gives "
            f"[{flattened.shape[0]}, {product(flattened.shape[1:])}]"
        )
    elif flattened is not None and len(flattened.shape) > 2 and product(flattened.shape[1:]) == got:
        yield _resize(case, got, f"the flattened size of {list(flattened.shape[1:])}")
    elif flattened is not None and product(flattened.shape[1:]) == wanted:
        yield f"flatten with x.flatten(1): that gives {wanted:,} features a sample"
    elif len(shape) > 2 and rest == wanted:
        yield f"flatten before it: x.flatten(1) gives {wanted:,} features"
    elif wanted in shape[1:-1]:
        place = shape.index(wanted, 1)
        yield f"move the features to the end: x.transpose({place}, -1)"
        yield _resize(case, got, "the last dimension")
    elif len(shape) > 2 and _after_convolution(case, given):
        yield f"flatten before it, with x.flatten(1), and make it nn.Linear({rest}, ...)"
    else:
        before = case.layer_before(given)
        if before is not None:
            yield _resize(case, got, f"what {before.path or 'the layer before'} gives")
            yield f"let {before.path or 'the layer before'} give {wanted:,} features"
        else:
            yield f"give an input with {wanted:,} features in the last dimension, not {got:,}"
            yield _resize(case, got, "the input's")


def _resize(case: Case, size: int, why: str) -> str:
    out = case.settings.get("out_features", "...")
    return f"make {case.layer} nn.Linear(in_features={size}, out_features={out}): {why}"


def _flattened(case: Case, given: Met) -> Met | None:
    """What was flattened to make a tensor; looks through activations and dropout."""
    current: Met | None = given
    for _ in range(8):
        op = None if current is None else case.producer(current)
        if op is None:
            return None
        if op.name in _FLATTENING:
            return case.before(op)
        if op.flops:
            return None
        current = case.before(op)
    return None


def _after_convolution(case: Case, given: Met) -> bool:
    before = case.layer_before(given)
    return before is not None and bool(_CONVOLUTION.fullmatch(before.class_name))


def _convolution(case: Case, given: Met) -> Iterator[str]:
    match = _CONVOLUTION.fullmatch(case.module.class_name)
    channels = case.number("0")
    if match is None or channels is None:
        return
    spatial, shape = int(match[2]), given.shape
    if case.found(r"Kernel size can't be greater|Output size is too small|non-empty|too small"):
        yield from _too_small(case, given)
        return
    if len(shape) == spatial and channels == 1:
        added = "None, None" if len(shape) == spatial else "None"
        yield f"add the batch and the channel: x[{added}] has shape {[1, 1, *shape]}"
    elif len(shape) == spatial + 1 and shape[0] != channels:
        if channels == 1:
            yield f"add the channel: x.unsqueeze(1) has shape {[shape[0], 1, *shape[1:]]}"
        elif shape[-1] == channels:
            order = ", ".join(map(str, (spatial, *range(spatial))))
            yield f"move the channels to the front and add the batch: x.permute({order})[None]"
    elif len(shape) == spatial + 2 and shape[-1] == channels and shape[1] != channels:
        order = ", ".join(map(str, (0, spatial + 1, *range(1, spatial + 1))))
        yield f"move the channels before the other dimensions: x.permute({order})"
    elif len(shape) == spatial + 2:
        got = shape[1]
        before = case.layer_before(given)
        out = case.settings.get("1", "...")
        sizes = f"in_channels={got}, out_channels={out}, ..."
        resize = f"make {case.layer} {case.module.class_name}({sizes})"
        if before is None:
            wide = {1: "grey", 3: "colour"}
            kind = f" ({wide[got]} images)" if got in wide and channels in wide else ""
            yield f"{resize}: the input has {got} channels{kind}"
            yield f"give an input with {channels} channels"
            if (got, channels) == (1, 3):
                yield "repeat the channel: x.expand(-1, 3, -1, -1)"
        else:
            yield f"{resize}: so many come from {before.path or before.class_name}"
            yield f"let {before.path or before.class_name} give {channels} channels"
    elif len(shape) < spatial + 1:
        yield f"give it {spatial + 2} dimensions, (batch, channels, ...): it got {list(shape)}"
    else:
        extra = len(shape) - spatial - 2
        yield (
            f"it takes {spatial + 2} dimensions and got {len(shape)}: "
            f"merge the first {extra + 1} with x.flatten(0, {extra}), or use Conv{spatial + 1}d"
        )


def _too_small(case: Case, given: Met) -> Iterator[str]:
    size = "×".join(map(str, given.shape[2:])) or str(list(given.shape))
    yield f"the tensor is only {size} here: give a larger input"
    yield "leave out a pooling or a stride before, or add padding"


def _batch_norm(case: Case, given: Met) -> Iterator[str]:
    match = _NORM.fullmatch(case.module.class_name)
    channels = case.number("0")
    shape = given.shape
    if case.found(r"more than 1 value per channel|more than 1 spatial element"):
        yield "use more than one sample in training mode, or model.eval()"
        yield "leave out the normalisation where each channel has one value"
        return
    wrong = case.found(r"expected (.+?) input \(got (\d)D input\)")
    if wrong and match:
        kind = match[1] or "Batch"
        dims = {2: 1, 3: 1, 4: 2, 5: 3}.get(len(shape))
        if dims is not None:
            yield f"use nn.{kind}Norm{dims}d({channels}), which takes {len(shape)} dimensions"
        if len(shape) == 3 and match[2] == "2":
            yield "add the batch: x.unsqueeze(0)"
        return
    if len(shape) > 1 and channels is not None and shape[1] != channels:
        if shape[-1] == channels:
            yield "move the channels to dimension 1: x.transpose(1, -1) before it and after it"
        before = case.layer_before(given)
        yield f"make {case.layer} {case.module.class_name}({shape[1]}): it gets {shape[1]} channels"
        if before is not None:
            yield f"let {before.path or before.class_name} give {channels} channels"


def _layer_norm(case: Case, given: Met) -> Iterator[str]:
    wanted = tuple(int(n) for n in re.findall(r"\d+", case.settings.get("0", "")))
    if not wanted or tuple(given.shape[-len(wanted) :]) == wanted:
        return
    shape = given.shape
    if len(wanted) == 1 and wanted[0] in shape[1:-1]:
        place = shape.index(wanted[0], 1)
        yield f"move dimension {place} to the end first: x.transpose({place}, -1)"
    size = shape[-1] if len(wanted) == 1 else list(shape[-len(wanted) :])
    yield f"make {case.layer} nn.{case.module.class_name}({size}): the size of what it gets"


def _embedding(case: Case) -> Iterator[str]:
    rows = case.number("0")
    if not case.found(r"out of range|out of bounds"):
        return
    length = case.data[0].shape[-1] if case.data and case.data[0].shape else None
    name = case.module.path.rpartition(".")[2].lower()
    if "pos" in name and length is not None and rows is not None and length > rows:
        yield f"make {case.layer} nn.Embedding({length}, ...): the sequence has {length} positions"
        yield f"shorten the input to {rows} positions"
        return
    highest = case.found(r"(?:index|value) (\d+)")
    size = int(highest[1]) + 1 if highest else None
    told = f"at least {size}" if size else "the largest index plus 1"
    yield f"make the table larger: num_embeddings={told}; it has {rows} rows"
    yield f"keep the indices below {rows}, or count the vocabulary anew"
