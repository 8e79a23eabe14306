"""Recurrent layers and attention."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case

_RECURRENT = frozenset({"LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"})


def remedies(case: Case) -> Iterator[str]:
    """What to do about a recurrent layer or an attention that got other sizes."""
    if case.module.class_name in _RECURRENT:
        yield from _recurrent(case)
    elif case.found(r"embed_dim must be divisible by num_heads"):
        yield "choose a number of heads that divides the width"
    elif case.module.class_name in ("MultiheadAttention", "NonDynamicallyQuantizableLinear") or (
        case.op is not None and case.op.name == "multi_head_attention_forward"
    ):
        yield from _attention(case)


def _recurrent(case: Case) -> Iterator[str]:
    size = case.found(r"input.size\(-1\) must be equal to input_size\. Expected (\d+), got (\d+)")
    cell = case.found(r"input has inconsistent input_size: got (\d+),? expected (\d+)")
    if size or cell:
        wanted, got = (size[1], size[2]) if size else (cell[2], cell[1]) if cell else ("", "")
        shape = case.data[0].shape if case.data else ()
        if int(wanted) in shape[1:-1]:
            yield f"move the features to the end: x.transpose({shape.index(int(wanted), 1)}, -1)"
        hidden = case.settings.get("1", "...")
        yield (
            f"make {case.layer} {case.module.class_name}({got}, {hidden}, ...): "
            f"it gets {got} features"
        )
        yield f"give it {wanted} features in the last dimension"
        return
    hidden_size = case.found(r"Expected hidden(?:\[\d\])? size \((.+?)\), got [\[(](.+?)[\])]")
    if hidden_size:
        wanted_size = hidden_size[1]
        yield (
            f"make the hidden state of shape ({wanted_size}): (layers × directions, batch, "
            "hidden), also with batch_first=True"
        )
        return
    if case.found(r"dimension|-D|2D or 3D|1D or 2D"):
        yield "give it (sequence, batch, features), or (batch, sequence, features) with batch_first"
        yield "turn whole numbers into vectors first, with nn.Embedding"


def _attention(case: Case) -> Iterator[str]:
    width = case.found(r"expecting embedding dimension of (\d+),? but got (\d+)")
    if width:
        yield f"make the attention nn.MultiheadAttention({width[2]}, ...)"
        yield f"give it {width[1]} features"
        return
    mask = case.found(r"shape of the (?:2D|3D) attn_mask is (.+?), but should be (.+?)\.")
    if mask:
        yield f"give a mask of shape {mask[2]}"
        return
    if case.found(r"key_padding_mask|attn_mask"):
        yield "give key_padding_mask the shape (batch, keys), and attn_mask (queries, keys)"
    elif len({met.shape for met in case.data}) > 1:
        yield "set batch_first=True, if the batch comes first: keys and values must have one length"
