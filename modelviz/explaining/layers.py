"""Layers that got another size than they are made for."""

from __future__ import annotations

from collections.abc import Iterator

from ..units import counted
from . import convolutions, linear, norms, tables
from .case import Case


def expected(case: Case) -> str | None:
    """What the layer takes, in words; None where the layer does not tell."""
    if (features := case.number("in_features")) is not None:
        return f"{case.layer} takes {counted(features, 'feature')} in the last dimension"
    convolution = convolutions.KIND.fullmatch(case.kind)
    if convolution and (channels := case.number("0")) is not None:
        spatial = {"1": "length", "2": "height, width", "3": "depth, height, width"}[convolution[2]]
        return (
            f"{case.layer} takes (batch, channels, {spatial}) with {counted(channels, 'channel')}"
        )
    if norms.KIND.fullmatch(case.kind) and (channels := case.number("0")) is not None:
        return f"{case.layer} takes {counted(channels, 'channel')} in dimension 1"
    if case.kind in ("LayerNorm", "RMSNorm") and "0" in case.settings:
        return f"{case.layer} takes {case.settings['0']} as its last dimensions"
    if case.kind.startswith("Embedding") and (rows := case.number("0")) is not None:
        return f"{case.layer} takes whole numbers from 0 to {rows - 1:,}"
    if case.kind in ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"):
        return f"{case.layer} takes {case.settings.get('0')} features in the last dimension"
    return None


def remedies(case: Case) -> Iterator[str]:
    """What to do about a layer, or the function that it stands for, that got another size."""
    if not case.data:
        return
    given, name, module = case.data[0], case.op_name, case.kind
    if name in ("linear", "bilinear") or case.number("in_features") is not None:
        yield from linear.remedies(case, given)
    elif convolutions.KIND.fullmatch(module) or convolutions.FUNCTION.fullmatch(name):
        yield from convolutions.remedies(case, given)
    elif norms.KIND.fullmatch(module) or name in ("batch_norm", "instance_norm"):
        yield from norms.batch_norm(case, given)
    elif module in ("LayerNorm", "RMSNorm") or name in ("layer_norm", "rms_norm"):
        yield from norms.layer_norm(case, given)
    elif module == "GroupNorm" or name == "group_norm":
        yield from norms.group_norm(case, given)
    elif module.startswith("Embedding") or name in ("embedding", "embedding_bag"):
        yield from tables.embedding(case)
    elif name in tables.INDEXING:
        yield from tables.index(case)
    elif "Pool" in module or "pool" in name:
        yield from convolutions.pooling(case, given)
