"""Slips in the code of a forward: names, calls, returns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import no_tensor
from .case import Case
from .expressions import called

CALL_SUPER = "call super().__init__() first in __init__, before any layer is assigned"
_MISSING = r"(\w+|<lambda>)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.+)"
_EXTRA = r"([\w.<>]+)\(\) takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) w\w+ given"
_UNEXPECTED = r"(\w+)\(\) got an unexpected keyword argument '(\w+)'(?:\. Did you mean:? '(\w+)')?"


def remedies(case: Case) -> Iterator[str]:
    """What to do about an error that Python raised."""
    yield from _missing_forward(case)
    yield from missing_super(case.message)
    yield from _arguments(case)
    yield from _not_callable(case)
    yield from no_tensor.remedies(case)
    yield from _attribute(case)
    yield from _name(case)
    yield from _lookup(case)
    yield from _in_place(case)
    yield from _not_about_tensors(case)


def _not_about_tensors(case: Case) -> Iterator[str]:
    """What has nothing to do with shapes and types: recursion, division, packages, no body yet."""
    if case.error == "RecursionError":
        yield (
            "look for what calls itself without an end, on the way to this line: call the layer "
            "that was meant, or return before the next call"
        )
    elif case.error == "ZeroDivisionError":
        yield "test the divisor before this line, or give sizes with which it is not 0"
    elif case.error == "ModuleNotFoundError" and (found := case.found(r"No module named '(\w+)")):
        yield f"install what holds {found[1]!r} (pip install {found[1]}), or correct the import"
    elif case.error == "NotImplementedError" and case.message == case.error:
        yield "write what this line leaves open, or call a class that does"


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


def missing_super(message: str) -> Iterator[str]:
    """What to do where an error, also one before the forward, says that nothing was initialised."""
    if any(word in message for word in _NOT_INITIALISED):
        yield CALL_SUPER


_NOT_INITIALISED = (
    "Module.__init__() call",
    "has no attribute '_modules'",
    "has no attribute '_parameters'",
    "has no attribute '_backward_hooks'",
    "has no attribute '_forward_hooks'",
)


def _attribute(case: Case) -> Iterator[str]:
    found = case.found(r"'([\w.]+)' object has no attribute '(\w+)'")
    library = case.found(r"module '([\w.]+)' has no attribute '(\w+)'")
    if case.error != "AttributeError" or not (found or library):
        return
    near = case.found(r"Did you mean: '(\w+)'")
    if library:
        yield f"write {library[1]}.{near[1]}" if near else f"{library[1]} has no {library[2]}"
        return
    assert found is not None
    owner, name = found[1], found[2]
    if owner == "NoneType":
        parts = re.findall(rf"([\w.]+)\.{name}\b", case.source)
        named = parts[0] if len(parts) == 1 else f"what .{name} is asked of"
        yield f"{named} is None: make it before, or test it first"
    elif near:
        yield f"write {near[1]} in place of {name}"
        if owner == case.module.class_name:
            yield f"assign self.{name} in __init__ of {owner}"
    elif owner == case.module.class_name:
        yield f"assign self.{name} in __init__ of {owner}, or correct the name"
    else:
        yield f"{owner} has no {name}: correct the name, or convert it first"


def _name(case: Case) -> Iterator[str]:
    """A name that is not there, or not yet."""
    found = case.found(r"name '(\w+)' is not defined")
    early = case.found(r"cannot access local variable '(\w+)'|local variable '(\w+)' referenced")
    if case.error == "UnboundLocalError" and early:
        name = early[1] or early[2]
        yield f"give {name} a value on every way to this line, also where a condition is false"
    elif case.error == "NameError" and found:
        near = case.found(r"Did you mean: '(\w+)'")
        usual = _IMPORTS.get(found[1])
        if usual:
            yield f"import it: {usual}"
        elif near:
            yield f"write {near[1]} in place of {found[1]}"
        if re.search(rf"\b{found[1]}\(", case.source):
            yield f"write self.{found[1]}, if it is a layer or a method of the model"
        elif not usual and not near:
            yield f"give {found[1]} a value first, or take it as an argument"


_IMPORTS = {
    "F": "import torch.nn.functional as F",
    "np": "import numpy as np",
    "nn": "from torch import nn",
    "torch": "import torch",
    "math": "import math",
    "rearrange": "from einops import rearrange",
    "partial": "from functools import partial",
}


def _lookup(case: Case) -> Iterator[str]:
    """A place in a list, a key of a dict or a dimension that is not there."""
    if case.error == "KeyError":
        near = case.found(r"Did you mean: '(.+?)'")
        key = case.message.partition(". Did")[0]
        if near:
            yield f"write {near[1]!r} in place of {key}"
        else:
            yield f"there is no key {key}: look at what keys() gives, and correct the name"
    elif case.found(r"only integers, slices .* are valid indices|invalid data type 'str'"):
        yield "index a tensor with whole numbers or slices; a float, a text or a key is none"
    elif case.found(r"slice indices must be integers|list indices must be integers.*not float"):
        yield "give whole numbers: divide with // in place of /, or use int(...)"
    elif case.found(r"list index out of range|^index \d+ is out of range$"):
        length = case.facts.get("length")
        last = "the last of n elements is [n - 1], or [-1]"
        yield f"take an index below {length or 'the length'}: {last}"
    elif case.found(r"tuple index out of range"):
        if ".shape" in case.source or ".size()" in case.source:
            shapes = " and ".join(str(list(met.shape)) for met in case.data)
            yield f"ask for a dimension that is there: the shapes are {shapes}"
            yield "add the missing dimension to the input, as with x.unsqueeze(0)"
        else:
            yield "take an index below the length of the tuple"
    elif case.found(r"too many indices for tensor of dimension (\d+)") and case.data:
        shape = list(case.data[0].shape)
        yield f"take at most {len(shape)} indices: the tensor has the shape {shape}"
    elif case.found(r"enough values to unpack|too many values to unpack"):
        yield from _unpacking(case)
    elif case.found(r"Boolean value of Tensor with (more than one|no) value"):
        yield "choose for each element: torch.where(condition, a, b)"
        yield "ask one question of all: condition.any() or condition.all()"


def _unpacking(case: Case) -> Iterator[str]:
    counts = case.found(r"expected (\d+)(?:, got (\d+))?")
    wanted = counts[1] if counts else "as many"
    if re.search(r"\.shape\b|\.size\(\)", case.source):
        shapes = [list(met.shape) for met in case.data]
        told = f": what came in has the shape {shapes[0]}" if len(shapes) == 1 else ""
        yield f"unpack as many sizes as the shape has, not {wanted}{told}"
        have = len(shapes[0]) if len(shapes) == 1 else None
        if have is not None and wanted.isdigit() and int(wanted) == have + 1:
            yield "add the missing dimension to the input: x.unsqueeze(0)"
    else:
        if (wanted, counts and counts[2]) == ("3", "2") and no_tensor.last_called(case) == "LSTM":
            yield "an LSTM gives two things, of which the second is a pair: out, (h, c) = ..."
        gave = (counts and counts[2]) or _given_last(case)
        got = f"it gives {gave}, and " if gave else ""
        yield f"take as many names as the right side gives values: {got}{wanted} are named"


def _given_last(case: Case) -> int | None:
    """How many tensors the function gave that ran last in the failing line, where it was one."""
    failure, ops = case.graph.failure, case.graph.ops
    last = ops[-1] if ops else None
    if failure is None or last is None or (last.file, last.line) != (failure.file, failure.line):
        return None
    return len(last.outputs) if len(last.outputs) > 1 else None


def _not_callable(case: Case) -> Iterator[str]:
    found = case.found(r"'([\w.]+)' object is not callable")
    indexed = case.found(r"'(builtin_function_or_method|method|function)' object is not subscr")
    if indexed:
        method = re.search(r"(\w+)\.(\w+)\[(\w+)\]", case.source)
        shown = f": {method[1]}.{method[2]}({method[3]})" if method else ""
        yield f"call the method, with round brackets{shown}"
        return
    if case.error != "TypeError" or not found:
        return
    names = called(case.expression) or called(case.source)
    name = names[0] if names else "what is called there"
    if found[1] == "NoneType":
        yield f"{name} is None: make the layer in __init__, or test it before the call"
    elif found[1] == "torch.Size":
        yield "index the shape with square brackets: x.shape[0], or call x.size(0)"
    elif found[1] in ("Tensor", "Parameter"):
        yield f"{name} is a tensor: index it with [...], or multiply with @ or *"
    elif found[1] == "module":
        yield f"{name} is a file or package of Python: call what is in it, by its name"
    else:
        yield f"{name} is a {found[1]}, which cannot be called: loop over it, or correct the name"


def _arguments(case: Case) -> Iterator[str]:
    if case.error != "TypeError":
        return
    missing = case.found(_MISSING)
    if missing:
        function, what = missing[1], missing[2].rstrip(".")
        if function == "__init__":
            yield (
                f"make the layer first, with {what}, in __init__: what is called here is a class, "
                "and makes one"
            )
        elif function != "forward":
            yield f"pass {what} to {function}"
        elif not case.module.path:
            yield f"give the forward {what} as well: in input_size, input_data or as a keyword"
        else:
            yield f"pass {what} where {case.layer} is called"
    yield from _too_many(case)
    unexpected = case.found(_UNEXPECTED)
    if unexpected:
        function = case.layer if unexpected[1] == "forward" else unexpected[1]
        if unexpected[3]:
            yield f"write {unexpected[3]} in place of {unexpected[2]}"
        yield f"{function} has no argument {unexpected[2]}: leave it out"


def _too_many(case: Case) -> Iterator[str]:
    extra = case.found(_EXTRA)
    if not extra:
        return
    owner, _, name = extra[1].rpartition(".")
    method = bool(owner) and not owner.endswith("<locals>")
    if not method and name not in case.source:
        return  # a function that a library calls, which nobody here can give fewer
    wanted, given = int(extra[2]) - method, int(extra[3]) - method
    several = "s" if wanted != 1 else ""
    beside = " beside self" if method else ""
    told = f"{name} takes {wanted} argument{several}{beside}, and got {given}"
    if method and (wanted < 0 or (wanted == 0 and given == 1)):
        yield f"write self as the first argument of {name}, where it is defined"
        if wanted < 0:
            return
    if case.kind and method:
        yield f"{told}: leave out {given - wanted}, since {case.layer} takes no more"
    else:
        yours = "" if method else ", if that is yours"
        yield f"{told}: leave out {given - wanted}, or add it to the definition{yours}"


def _in_place(case: Case) -> Iterator[str]:
    if case.found(r"leaf Variable that requires grad.*in-place|view of a leaf Variable"):
        yield "write out of place (x = x + y, torch.where, torch.cat), or into x.clone()"
        yield "write without gradients, if none are wanted: with torch.no_grad()"
        yield "register what is no weight as a buffer: self.register_buffer(name, tensor)"
    elif case.found(r"modified by an inplace operation"):
        yield "write out of place (x = x + y), since the gradient needs the value as it was"
    elif case.found(r"output of a function that returns multiple views.*in-?place"):
        yield "write into a copy: x.clone(), since chunk, split and unbind give views"
    elif case.found(r"numpy\(\) on Tensor that requires grad"):
        yield "leave the gradient behind first: x.detach().numpy()"
        yield "run it without gradients, if it is meant for that: with torch.no_grad()"
    elif case.found(r"more than one element of the written-to tensor|internal overlap"):
        yield "write into a copy: x.clone(), since an expanded tensor shares its memory"
