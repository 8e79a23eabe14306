"""Something else where a tensor is wanted: a tuple, a layer, nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..graph import Call, Module
from .case import Case

_POSITION = r"argument '\w+' \(position \d+\) must be Tensor, not ([\w.]+)"
_ELEMENT = r"expected Tensor as element \d+ in argument \d+, but got ([\w.]+)"
_ATTRIBUTE = r"'([\w.]+)' object has no attribute '(\w+)'"
_OPERANDS = r"unsupported operand type\(s\) for (\S+): '([\w.]+)' and '([\w.]+)'"
_COMBINATION = r"^(\w+)\(\)?:? ?received an invalid combination of arguments - got \((.*?)\), but"
_INDICES = r"^(tuple|list) indices must be integers or slices, not (\w+)"
_NUMBERS = frozenset({"int", "float", "bool"})
_PLAIN = frozenset({"Tensor", "Parameter", "NoneType", *_NUMBERS})
_TUPLES = frozenset({"LSTM", "GRU", "RNN", "MultiheadAttention"})


def remedies(case: Case) -> Iterator[str]:
    """What to do about a value that is no tensor, where one is wanted."""
    if case.error not in ("TypeError", "AttributeError"):
        return
    yield from _in_no_list(case)
    kind = _given(case)
    if kind is None:
        return
    kind = kind.removeprefix("numpy.")
    if kind == "NoneType":
        yield from _nothing(case)
    elif kind in ("tuple", "list"):
        maker = _gave_several(case)
        where = f"{maker} returns a tuple: " if maker and kind == "tuple" else ""
        yield f"{where}take the tensor out of the {kind}, as in x, _ = ... or x = result[0]"
    elif kind.startswith("torch.return_types."):
        yield f"take the tensor out of what {kind.rpartition('.')[2]} gives: .values, or [0]"
    elif kind == "PackedSequence":
        yield "unpack it first: x, lengths = nn.utils.rnn.pad_packed_sequence(x)"
    elif kind == "ndarray":
        yield "convert the NumPy array: torch.from_numpy(array)"
    elif kind in _NUMBERS:
        yield f"give a tensor in place of the {kind}, such as torch.tensor(value)"
    elif kind == "type" or _is_layer(kind):
        yield from _layer_given(kind)
    elif kind == "dict":
        yield "take the tensor out of the dict, as in x = result['key']"
    elif kind == "str":
        yield "convert the text to numbers first, with a tokenizer or a vocabulary"
    else:
        yield f"take the tensor out of the {kind}: an attribute of it, or an element"


def _is_layer(name: str) -> bool:
    # Whoever shows a graph that was saved has no need of torch until something failed so.
    from torch import nn

    return isinstance(getattr(nn, name, None), type)


def _is_asked_of_tensors(name: str) -> bool:
    from torch import Tensor

    return hasattr(Tensor, name)


def _given(case: Case) -> str | None:
    """The class of what was given in place of a tensor."""
    if found := case.found(_POSITION) or case.found(_ELEMENT) or case.found(_INDICES):
        return found[1]
    if found := case.found(_OPERANDS):
        kinds = [kind for kind in (found[2], found[3]) if kind not in _PLAIN - {"NoneType"}]
        return kinds[0] if kinds else None
    if found := case.found(_ATTRIBUTE):
        # What a tensor has was asked of something else.
        owner, name = found[1], found[2]
        foreign = owner in ("tuple", "list", "dict", "NoneType", "PackedSequence") or (
            owner != case.module.class_name and _is_layer(owner)
        )
        return owner if foreign and _is_asked_of_tensors(name) else None
    if found := case.found(_COMBINATION):
        kinds = re.findall(r"(?:^|, )!?([A-Za-z_.]+)", re.sub(r" of \([^)]*\)", "", found[2]))
        odd = [k for k in kinds[:1] if k not in _PLAIN or k == "NoneType"]
        return odd[0] if odd else None
    return None


def _in_no_list(case: Case) -> Iterator[str]:
    """``torch.cat(a, b)`` in place of ``torch.cat([a, b])``."""
    found = case.found(r"^(cat|concat|stack|hstack|vstack)\(\).*(?:got \(Tensor|not Tensor)")
    listed = case.found(r"^(\w+)\(\): argument 'tensors' .*must be tuple of Tensors, not Tensor")
    name = found[1] if found else listed[1] if listed else None
    if name:
        yield f"give the tensors in a list: torch.{name}([x, y], dim=...)"


def _layer_given(kind: str) -> Iterator[str]:
    from torch import nn

    function = kind.lower()
    plain = hasattr(nn.functional, function)
    called = f", or F.{function}(x)" if plain else ""
    yield (
        f"call the layer after it is made, nn.{kind}()(x){called}: nn.{kind}(x) makes a layer and "
        "computes nothing"
        if kind != "type"
        else "make the layer with brackets first: nn.ReLU(), not nn.ReLU"
    )


def _nothing(case: Case) -> Iterator[str]:
    """A module whose forward gave nothing, though it ran."""
    for call in _earlier_calls(case):
        if not call.outputs:
            yield (
                f"the forward of {_called(case.graph.module(call.module))} returns nothing: add "
                "the missing return"
            )
            return
    method = case.facts.get("nothing")
    if method:
        yield f"{method} returns nothing: add the missing return"
        return
    yield "give a tensor in place of None: what gave it returns nothing, or was never set"


def _earlier_calls(case: Case) -> Iterator[Call]:
    """The calls that ended before the failure, the last first."""
    return (call for call in reversed(case.graph.calls) if not call.failed)


def last_called(case: Case) -> str:
    """The class of the module whose call ended last; empty where none did."""
    return next((case.graph.module(c.module).class_name for c in _earlier_calls(case)), "")


def _gave_several(case: Case) -> str | None:
    for call in _earlier_calls(case):
        module = case.graph.module(call.module)
        if len(call.outputs) > 1 or module.class_name in _TUPLES:
            return _called(module)
    return None


def _called(module: Module) -> str:
    return f"{module.path or 'the model'} ({module.class_name})"
