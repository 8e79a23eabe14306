"""Types and devices that do not go together."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case, Met

_METHODS = {
    "float32": ".float()",
    "float64": ".double()",
    "float16": ".half()",
    "bfloat16": ".bfloat16()",
    "int64": ".long()",
    "int32": ".int()",
    "bool": ".bool()",
}
_MASK = r"boolean masks|to be a boolean tensor"
_ADVICE = (
    (
        r"~ \(operator.invert\) is only|bitwise_not",
        "invert a boolean mask: ~mask.bool(), or mask == 0",
    ),
    (
        r"with a bool tensor is not supported",
        "invert the mask with ~mask, or convert it first: mask.float()",
    ),
    (
        r"only applicable to index tensor|tensors used as indices must be",
        "give indices as whole numbers: x.long()",
    ),
)
"""What is said, and all that can be done about it."""
_MISMATCH = (
    r"same datatype|does not match weight dtype|floating point|can't be cast|attn_mask dtype|"
    r"must have the same dtype|same dtype|expected scalar type|one of the following scalar types|"
    r"should be the same|"
    r"expected m1 and m2|dtypes? .*mismatch|must have same dtype|to have the same dtype|"
    r"not implemented for|tensors used as indices must be|expected .* type|invalid combination"
)


def remedies(case: Case) -> Iterator[str]:
    """What to do about tensors of types or devices that do not go together."""
    devices = {met.device for met in case.met}
    if case.found(
        r"same device|different from other tensors|on meta device|device type|expected device"
    ) and (len(devices) > 1 or case.found(r"same device")):
        yield from _devices(case)
        return
    if case.found(_MASK) and case.met:
        odd = [met for met in case.data if met.dtype != "bool"]
        mask = odd[0 if case.op_name in ("", "where") else -1]
        yield f"make the mask boolean: mask.bool(), or mask != 0; it is {mask.dtype}"
        return
    if advice := next((advice for said, advice in _ADVICE if case.found(said)), None):
        yield advice
        return
    if case.found(r"Expected dtype int\S* for index|[Ii]ndex.* (?:to have|must be).* dtype"):
        odd = [met for met in case.data[1:] if not met.dtype.startswith("int")]
        told = f"; they are {odd[0].dtype}, {odd[0].origin}" if odd else ""
        yield f"give indices as whole numbers, with .long(){told}"
        return
    in_a_loss = "loss" in case.op_name or "entropy" in case.op_name
    if case.found(r"can't be cast to the desired output type") and not in_a_loss:
        yield "write out of place, x = x + y, or convert first what is written to: .float()"
        return
    if not case.found(_MISMATCH):
        return
    if any(met.dtype.startswith("complex") for met in case.data) and case.held:
        yield "take a real part of what is complex: x.abs(), x.real, or torch.view_as_real(x)"
        return
    yield from _of_a_table(case) or _types(case)


def _of_a_table(case: Case) -> list[str]:
    """What to do about indices of a table that are no whole numbers; nothing for any others."""
    indexed = case.kind.startswith("Embedding") or case.op_name in ("embedding", "embedding_bag")
    if not indexed or not case.data or case.data[0].dtype.startswith("int"):
        return []
    told = (
        f"{case.layer} takes whole numbers and got {case.data[0].dtype}: convert with .long(), "
        "or give the input the dtype int64"
    )
    rows = case.held[0].shape[0] if case.held else None
    one_hot = len(case.shape) > 1 and case.shape[-1] == rows
    return ["give the numbers themselves, not one-hot rows: x.argmax(-1)"] * one_hot + [told]


def _of_input(case: Case, given: str, wanted: str) -> Iterator[str]:
    """An input of another float than all of the model, whose dtype is handed on until it meets."""
    held = {p.dtype for module in case.graph.modules for p in module.parameters}
    inputs = [case.graph.tensors[tensor] for tensor in case.graph.inputs]
    odd = [tensor.name for tensor in inputs if tensor.dtype == given and tensor.name]
    if held == {wanted} and odd and not any(met.kind == "input" for met in case.data):
        yield f"give {' and '.join(odd)} the dtype {wanted}, as all of the model has"


def _devices(case: Case) -> Iterator[str]:
    outside = case.facts.get("outside")
    if outside is not None:
        yield (
            f"hold the {outside} where the model sees it: in nn.ModuleList or nn.ModuleDict in "
            "place of a list or dict, or as an attribute, so that model.to(device) moves it"
        )
    data = next((met for met in case.data if met.kind != "constant"), None)
    loose = next((met for met in case.met if met.kind == "constant"), None)
    if loose is not None and outside is None:
        yield (
            "a tensor that the model makes or keeps by itself is on another device: register it "
            "with self.register_buffer, or make it with device=x.device"
        )
    made = [met for met in case.data if case.producer(met) and not _depends(case, met)]
    if made:
        yield "make the new tensor where the input is: device=x.device"
    if data is not None:
        yield "move both to one device: model.to(device), and x.to(device) for every input"


def _depends(case: Case, met: Met) -> bool:
    """Whether a tensor comes from an input or from what the model holds, and not from nothing."""
    waiting = [met.tensor]
    while waiting:
        tensor = case.graph.tensors[waiting.pop()]
        if tensor.producer is None:
            return True
        # What was made earlier: a tensor that is changed in place has itself among its inputs.
        inputs = case.graph.ops[tensor.producer].inputs
        waiting.extend(t for t in inputs if t < tensor.id)
    return False


def _types(case: Case) -> Iterator[str]:
    wanted = next((met.dtype for met in case.held), None)
    odd = [met for met in case.data if met.dtype != wanted] if wanted else []
    buffers = [met for met in case.held if met.kind == "buffer"]
    if wanted and odd and len(buffers) == len(case.held) and odd[0].dtype.startswith("float"):
        name = buffers[0].name or "the buffer"
        method = _METHODS.get(odd[0].dtype, f".to(torch.{odd[0].dtype})")
        yield f"make {name} {odd[0].dtype} where it is made, with {method}: it is {wanted}"
        yield f"convert the model: model{method}"
        return
    if wanted and odd:
        yield from _of_input(case, odd[0].dtype, wanted)
        method = _METHODS.get(wanted, f".to(torch.{wanted})")
        source = "the input" if odd[0].kind == "input" else f"what comes {odd[0].origin}"
        yield f"convert {source} with {method}: it is {odd[0].dtype}, and the layer {wanted}"
        if odd[0].kind == "input":
            yield f"give the input the dtype {wanted}"
        model = _METHODS.get(odd[0].dtype)
        if model and odd[0].dtype.startswith(("float", "bf")):
            yield f"convert the model: model{model}"
        return
    kinds = list(dict.fromkeys(met.dtype for met in case.data))
    floats = [kind for kind in kinds if kind.startswith(("float", "bf"))]
    if len(kinds) > 1 and floats:
        method = _METHODS.get(floats[0], f".to(torch.{floats[0]})")
        other = next(met for met in case.data if met.dtype != floats[0])
        yield f"convert what is {other.dtype} with {method} ({other.origin})"
    elif kinds and not floats:
        yield f"convert what is {kinds[0]} to a float first: .float()"
    elif floats and case.found(r"indices|Long|index"):
        yield "convert the indices with .long()"
    elif floats == ["float16"]:
        yield "this is not made for float16 on the CPU: use .float() or bfloat16"
