"""Slips in the code of a forward: names, calls, returns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..graph import Call
from .case import Case

_MISSING = r"missing \d+ required (?:positional|keyword-only) arguments?: (.+)"
_EXTRA = r"(\w+)\(\) takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) w\w+ given"
_UNEXPECTED = r"got an unexpected keyword argument '(\w+)'(?:\. Did you mean '(\w+)')?"
_CALLED = re.compile(r"self\.([\w.]+)\s*\(")


def remedies(case: Case) -> Iterator[str]:
    """What to do about an error that Python raised."""
    yield from _missing_forward(case)
    yield from _missing_super(case)
    yield from _attribute(case)
    yield from _nothing_returned(case)
    yield from _not_callable(case)
    yield from _arguments(case)
    yield from _tuple_given(case)
    yield from _in_place(case)


def _missing_forward(case: Case) -> Iterator[str]:
    if case.error != "NotImplementedError" or "forward" not in case.message:
        return
    named = case.found(r"Did you mean: '(\w+)'")
    if named:
        yield f"rename {named[1]} to forward: {case.layer} has no method of that name"
    elif case.module.class_name in ("ModuleList", "ModuleDict"):
        yield (
            f"{case.layer} is a container, and cannot be called: loop over what it holds, or use "
            "nn.Sequential"
        )
    else:
        yield f"define forward(self, ...) in {case.module.class_name}, indented inside the class"


def _missing_super(case: Case) -> Iterator[str]:
    words = ("Module.__init__() call", "has no attribute '_modules'", "attribute '_parameters'")
    if any(word in case.message for word in words):
        yield "call super().__init__() first in __init__, before any layer is assigned"


def _attribute(case: Case) -> Iterator[str]:
    found = case.found(r"'(\w+)' object has no attribute '(\w+)'")
    if case.error != "AttributeError" or not found:
        return
    owner, name = found[1], found[2]
    near = case.found(r"Did you mean: '(\w+)'")
    if owner == "NoneType":
        return  # told by what returned nothing
    if owner in ("tuple", "list"):
        yield f"take the tensor out of the {owner} first, as in x, _ = ... or x = result[0]"
    elif near:
        yield f"write {near[1]} in place of {name}"
    else:
        yield f"assign self.{name} in __init__ of {owner}, or correct the name"


def _nothing_returned(case: Case) -> Iterator[str]:
    """A module whose forward gave nothing, though it ran."""
    if "NoneType" not in case.message or "not callable" in case.message:
        return
    for call in _earlier_calls(case):
        if not call.outputs and not call.failed:
            module = case.graph.module(call.module)
            yield (
                f"the forward of {module.path or 'the model'} ({module.class_name}) returns "
                "nothing: add the missing return"
            )
            return


def _earlier_calls(case: Case) -> Iterator[Call]:
    """The calls that ended before the failure, the last first."""
    for call in reversed(case.graph.calls):
        if not call.failed:
            yield call


def _not_callable(case: Case) -> Iterator[str]:
    found = case.found(r"'(\w+)' object is not callable")
    if case.error != "TypeError" or not found:
        return
    names = _CALLED.findall(case.source)
    name = f"self.{names[0]}" if len(names) == 1 else "what is called there"
    if found[1] == "NoneType":
        yield f"{name} is None: make the layer in __init__, or test it before the call"
        if len(names) > 1:
            yield f"one of {', '.join(f'self.{name}' for name in names)} is None"
    elif found[1] in ("Tensor", "Parameter"):
        yield f"{name} is a tensor: index it with [...], or multiply with @ or *"
    else:
        yield f"{name} is a {found[1]}, which cannot be called: loop over it, or correct the name"


def _arguments(case: Case) -> Iterator[str]:
    if case.error != "TypeError":
        return
    missing = case.found(_MISSING)
    if missing:
        what = missing[1].rstrip(".")
        if len(case.graph.calls) <= 1:
            yield f"give the forward {what} as well: in input_size, input_data or as a keyword"
        else:
            yield f"pass {what} where {case.layer} is called"
    extra = case.found(_EXTRA)
    if extra:
        wanted, given = int(extra[2]) - 1, int(extra[3]) - 1
        yield (
            f"{extra[1]} takes {wanted} argument{'s' if wanted != 1 else ''} beside self, and got "
            f"{given}: leave out {given - wanted}, or add self and the arguments to its definition"
        )
    unexpected = case.found(_UNEXPECTED)
    if unexpected:
        near = f"; did you mean {unexpected[2]}?" if unexpected[2] else ""
        yield f"{case.layer} has no argument {unexpected[1]}: leave it out{near}"


def _tuple_given(case: Case) -> Iterator[str]:
    found = case.found(r"argument '\w+' \(position \d+\) must be Tensor, not (\w+)")
    if not found:
        return
    if found[1] in ("tuple", "list"):
        layer = _gave_several(case)
        where = f"{layer} returns a tuple: " if layer else ""
        yield f"{where}take its first element, as in x, _ = ... or x = result[0]"
    elif found[1] in ("ndarray",):
        yield "convert the NumPy array: torch.from_numpy(array)"
    elif found[1] in ("int", "float", "bool"):
        yield f"give a tensor in place of the {found[1]}, such as torch.tensor(value)"


def _gave_several(case: Case) -> str | None:
    for call in _earlier_calls(case):
        if len(call.outputs) > 1 or case.graph.module(call.module).class_name in _TUPLES:
            module = case.graph.module(call.module)
            return f"{module.path or 'the model'} ({module.class_name})"
    return None


_TUPLES = frozenset({"LSTM", "GRU", "RNN", "MultiheadAttention"})


def _in_place(case: Case) -> Iterator[str]:
    if case.found(r"leaf Variable that requires grad.*in-place|view of a leaf Variable"):
        yield "write out of place (x = x + y, torch.where, torch.cat), or into x.clone()"
    elif case.found(r"modified by an inplace operation"):
        yield "write out of place (x = x + y), since the gradient needs the value as it was"
