"""Recurrent layers and attention."""

from __future__ import annotations

from collections.abc import Iterator

from ..told_numbers import numbers_in
from .case import Case

_RECURRENT = frozenset({"LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"})


def remedies(case: Case) -> Iterator[str]:
    """What to do about a recurrent layer or an attention that got other sizes."""
    if case.found(r"lengths.* must be sorted in decreasing order"):
        yield "pack with enforce_sorted=False, or sort the batch by length"
    elif case.kind in _RECURRENT:
        yield from _recurrent(case)
    elif case.found(r"embed_dim must be divisible by num_heads"):
        yield "choose a number of heads that divides the width"
    elif case.found(r"of src and tgt must be equal"):
        yield from _transformer(case)
    elif case.op_name == "scaled_dot_product_attention":
        yield from _scaled(case)
    elif case.kind in ("MultiheadAttention", "NonDynamicallyQuantizableLinear") or (
        case.op_name == "multi_head_attention_forward"
    ):
        yield from _attention(case)


def _recurrent(case: Case) -> Iterator[str]:
    if case.found(r"argument 'hx' .* must be tuple of Tensors, not Tensor"):
        yield f"give {case.layer} its state as a pair: (h, c)"
        return
    size = case.found(r"input.size\(-1\) must be equal to input_size\. Expected (\d+), got (\d+)")
    cell = case.found(r"input has inconsistent input_size: got (\d+),? expected (\d+)")
    if size or cell:
        wanted, got = (size[1], size[2]) if size else (cell[2], cell[1]) if cell else ("", "")
        if int(wanted) in case.shape[1:-1]:
            place = case.shape.index(int(wanted), 1)
            yield f"move the features to the end: x.transpose({place}, -1)"
        hidden = case.settings.get("1", "...")
        yield (f"make {case.layer} {case.kind}({got}, {hidden}, ...): it gets {got} features")
        yield f"give it {wanted} features in the last dimension"
        return
    hidden_size = case.found(r"Expected hidden(?:\[\d\])? size \((.+?)\), got [\[(](.+?)[\])]")
    if hidden_size:
        wanted_size = hidden_size[1]
        shape = case.shape
        expected, given = numbers_in(wanted_size), numbers_in(hidden_size[2])
        if (
            len(shape) == len(given) == 3
            and given[1] == shape[0] != expected[1]
            and (given[0], given[2]) == (expected[0], expected[2])
        ):
            yield f"set batch_first=True in {case.layer}: the batch of {shape[0]} comes first"
        yield (
            f"make the hidden state of shape ({wanted_size}): (layers × directions, batch, "
            "hidden), also with batch_first=True"
        )
        return
    if case.found(r"(?:un)?batched (\d)-D input, hx"):
        yield from _state_rank(case)
    elif case.found(r"index 1 is out of bounds for dimension 0 with size 1") or case.found(
        r"not enough values to unpack"
    ):
        yield "give an LSTM both of its states, as a tuple: (h0, c0)"
    elif case.found(r"batch size (\d+) doesn't match hidden"):
        batch, hidden = (*case.shape, "batch")[0], case.settings.get("1", "hidden")
        yield f"make the hidden state of shape ({batch}, {hidden})"
    elif case.found(r"2D or 3D|1D or 2D|dimension|-D"):
        yield from _rank(case)


def _state_shape(case: Case, batch: int | str) -> str:
    directions = 2 if case.settings.get("bidirectional") == "True" else 1
    layers = case.settings.get("num_layers", case.settings.get("2", "1"))
    first = int(layers) * directions if layers.isdigit() else layers
    width = case.settings.get("proj_size", case.settings.get("1", "hidden"))
    return f"({first}, {batch}, {width})"


def _state_rank(case: Case) -> Iterator[str]:
    shape = case.shape
    place = 0 if case.settings.get("batch_first") == "True" else 1
    if len(shape) == 2:
        yield f"add the batch to the input: x.unsqueeze({place}), of {list(shape)}"
        yield "leave the batch out of the hidden state"
        return
    batch = shape[place] if shape else "batch"
    yield (
        f"make the hidden state of shape {_state_shape(case, batch)}: (layers × directions, batch, "
        "hidden)"
    )


def _rank(case: Case) -> Iterator[str]:
    """Another number of dimensions than sequences have."""
    shape, width = case.shape, case.number("0")
    if len(shape) == 4:
        area = shape[2] * shape[3]
        if shape[1] == width and shape[3] != width:
            yield f"make the places a sequence: x.flatten(2).transpose(1, 2), of {area} steps"
        elif area == width:
            yield "flatten the last two dimensions: x.flatten(2)"
        elif shape[1] * shape[2] == width:
            yield "make the last dimension the sequence: x.flatten(1, 2).transpose(1, 2)"
        elif 1 in shape[1:-1]:
            yield f"drop the dimension of size 1: x.squeeze({shape.index(1, 1)})"
        else:
            yield f"merge two dimensions: x.flatten(0, 1) or x.flatten(1, 2) of {list(shape)}"
        return
    if case.data and not case.data[0].dtype.startswith("float"):
        yield "turn whole numbers into vectors first, with nn.Embedding"
    if len(shape) == 1:
        yield f"add the sequence to the input: x.unsqueeze(0), or x.view(1, 1, {shape[0]})"
    yield "give it (sequence, batch, features), or (batch, sequence, features) with batch_first"


def _attention(case: Case) -> Iterator[str]:
    width = case.found(r"expecting embedding dimension of (\d+),? but got (\d+)")
    if width:
        parent = case.graph.module(case.module.path.rpartition(".")[0])
        if parent.class_name.startswith("Transformer"):
            yield f"make it nn.{parent.class_name}(d_model={width[2]}, ...)"
        else:
            yield f"make it nn.MultiheadAttention(embed_dim={width[2]}, ...)"
        before = case.layer_before(case.given[0]) if case.given else None
        name = before.path if before is not None and before.path else "what comes before"
        yield f"let {name} give {width[1]} features"
        return
    mask = case.found(r"shape of the (2D|3D) attn_mask is (.+?), but should be \((.+?)\)")
    if mask:
        wide = " (batch × heads, queries, keys)" if mask[1] == "3D" else " (queries, keys)"
        yield f"give a mask of shape ({mask[3]}):{wide}"
        if mask[1] == "3D":
            yield "repeat a mask of the batch for each head: mask.repeat_interleave(heads, 0)"
        return
    padding = case.found(r"Expected key_padded_mask.shape\[\d\] to be (\d+), but got (\d+)")
    if padding or case.found(r"key_padding_mask|attn_mask"):
        sizes = _keys(case, int(padding[1]) if padding else None)
        yield f"give key_padding_mask the shape (batch, keys){sizes}"
        first = [met.shape[0] for met in case.given if len(met.shape) == 3][:1]
        if padding and first and first[0] != int(padding[1]):
            yield "set batch_first=True, if the batch comes first"
        return
    shapes = [met.shape for met in case.given[:3] if met.shape]
    differ = case.found(r"key shape .+? does not match value shape")
    taken = _width_of_attention(case)
    if taken is not None and len(shapes) > 1 and shapes[1][-1] != taken:
        values = shapes[-1][-1]
        yield (
            f"tell the attention the width of keys and values: kdim={shapes[1][-1]}, vdim={values}"
        )
        yield f"bring keys and values to {taken} features first"
    elif len(shapes) > 1 and len(shapes[0]) == 3 and shapes[0][0] == shapes[1][0] and not differ:
        yield "set batch_first=True, if the batch comes first"
    elif len({shape for shape in shapes}) > 1:
        yield "give keys and values one shape: " + " and ".join(str(list(s)) for s in shapes[1:])
        yield "set batch_first=True, if the batch comes first"


def _width_of_attention(case: Case) -> int | None:
    for parameter in case.module.parameters:
        if parameter.name.rpartition(".")[2] in ("in_proj_weight", "q_proj_weight"):
            return parameter.shape[-1]
    return None


def _keys(case: Case, batch: int | None) -> str:
    """The shape of a mask of the keys, where the batch is known."""
    shapes = [met.shape for met in case.given if len(met.shape) == 3]
    if not shapes or batch is None:
        return ""
    keys = shapes[min(1, len(shapes) - 1)]
    return f", which is ({batch}, {keys[1] if keys[0] == batch else keys[0]}) here"


def _transformer(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.given[:2]]
    if len(shapes) < 2:
        return
    if case.found(r"the batch number"):
        if shapes[0][0] == shapes[1][0]:
            yield f"set batch_first=True in {case.layer}: the batch of {shapes[0][0]} comes first"
        yield f"give src and tgt one batch: {list(shapes[0])} and {list(shapes[1])}"
        return
    width = case.number("d_model", "0")
    which = [name for name, shape in zip(("src", "tgt"), shapes, strict=True) if shape[-1] != width]
    yield f"bring {' and '.join(which)} to {width} features, the d_model of {case.layer}"
    yield f"make it nn.Transformer(d_model={shapes[0][-1]}, ...)"


def _scaled(case: Case) -> Iterator[str]:
    """Queries, keys, values and a mask, of the function."""
    if case.found(r"attn_mask should not be set when is_causal"):
        yield "give one of the two: is_causal=True, or an attn_mask that is causal itself"
        return
    shapes = [met.shape for met in case.met]
    if len(shapes) < 3 or any(len(shape) < 2 for shape in shapes[:3]):
        return
    queries, keys, values = shapes[:3]
    if queries[-1] != keys[-1]:
        yield f"give queries and keys one width: {queries[-1]} and {keys[-1]}"
        return
    if keys[-2] != values[-2]:
        yield f"give keys and values one length: {keys[-2]} and {values[-2]}"
        return
    if len(shapes) > 3:
        wanted = [queries[-2], keys[-2]]
        mask = shapes[3]
        if len(mask) == 2 and mask == (keys[0], keys[-2]):
            yield f"line the mask up with the keys: mask[:, None, None, :], for scores {wanted}"
        elif len(mask) == 3 and mask[0] == keys[0]:
            yield "add the dimension of the heads to the mask: mask[:, None]"
        else:
            yield f"give a mask that broadcasts to (..., queries, keys): {wanted}, not {list(mask)}"
        return
    yield (
        f"put the heads before the sequence, x.transpose(1, 2), and give all the same batch: "
        f"{list(queries)}, {list(keys)}, {list(values)}"
    )
