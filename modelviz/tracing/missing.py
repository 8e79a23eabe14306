"""A forward that asks for a value where tensors have shapes and no data: said in words."""

from __future__ import annotations

import torch

from ..graph import ModelGraph
from .torch_internals import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    UnsupportedOperatorException,
)

VALUE_NEEDED = "ValueNeeded"
"""What a failure is called that no error of the model's caused, but the lack of data."""

_ASKED = {
    "bool": "bool(tensor)",
    "int": "int(tensor)",
    "float": "float(tensor)",
    "complex": "complex(tensor)",
    "index": "a tensor as an index, a size or a count",
    "item": "tensor.item() or tolist()",
    "contains": "x in tensor",
    "array": "a tensor as a NumPy array",
    "numpy": "tensor.numpy()",
    "dlpack": "a tensor through DLPack",
    "dlpack_device": "a tensor through DLPack",
    "data_ptr": "tensor.data_ptr()",
    "getitem": "a slice that ends at a tensor",
    "tensor": "torch.tensor() of tensors",
}
_SHAPED = {
    "getitem": "indexing with a boolean mask",
    "where": "torch.where(condition) or nonzero()",
    "linalg_lstsq": "torch.linalg.lstsq()",
}
_FORMATTED = "a tensor in a formatted text"
# What PyTorch says where data is asked for that is not there; none of these has a type of its own.
# What was asked is said of the function that raised, where one did.
_COMPLAINTS = {
    ".numpy() is not supported for tensor subclasses": "tensor.numpy()",
    "its data is not allocated yet": "the memory of a tensor",
    "cannot be called on meta tensors": "the memory of a tensor",
    "Cannot copy out of meta tensor": "the memory of a tensor",
    "convert meta device type tensor to numpy": "tensor.numpy()",
    "Unknown device type meta for Dlpack": "a tensor through DLPack",
    "Cannot access data pointer of Tensor": "the memory of a tensor",
    "Cannot access data pointer of Storage": "the memory of a tensor",
    "Not available for 'meta' device type": "the memory of a tensor",
    "unsupported format string passed to FakeTensor.__format__": _FORMATTED,
    "unsupported format string passed to Tensor.__format__": _FORMATTED,
    "Can't pickle local object 'WeakValueDictionary": "a pickled tensor",
    "cannot pickle 'weakref": "a pickled tensor",
}
# What PyTorch says of what fake tensors cannot be, and what that means.
_UNFIT = {
    "is already associated to a python object of type FakeTensor": (
        "a tensor becomes one of another class, which one without data cannot"
    ),
    "quantized nyi in meta tensors": "PyTorch has no quantized tensors without values",
    "self.shape_env must not be None": ("the sizes of what a nested tensor is made of are values"),
    "There was no fake impl registered": (
        "an operator defined outside PyTorch says nothing of shapes (register_fake)"
    ),
}


def error_text(error: BaseException) -> str:
    """What an error says, whatever it is made of: a tensor is told by its shape.

    The text of a tensor without data cannot be made when the forward is over.
    """
    if any(isinstance(part, torch.Tensor) for part in error.args):
        return ", ".join(
            f"a tensor of shape {list(part.shape)}" if isinstance(part, torch.Tensor) else str(part)
            for part in error.args
        )
    try:
        return str(error).strip()
    except Exception as other:  # a class of the user's, whose text has a mistake of its own
        return f"(making its text raises {type(other).__name__})"


def value_needed(error: BaseException, op: str | None) -> str | None:
    """What the forward asked for that only data can tell; None where the error is another.

    ``op`` is the name of the function that raised, if one did.
    """
    if isinstance(error, DynamicOutputShapeException):
        asked = _SHAPED.get(op or "", f"{op or error.func}()")
        return f"the shape of a result depends on the values of a tensor: {asked}"
    if isinstance(error, DataDependentOutputException):
        return f"the value of a tensor is needed: {_asked(op or str(error.func))}"
    if isinstance(error, UnsupportedOperatorException):
        return f"PyTorch has no version of {op or error.func}() that needs no values"
    text = error_text(error)
    for complaint, meaning in _UNFIT.items():
        if complaint in text:
            return meaning
    for complaint, asked in _COMPLAINTS.items():
        if complaint in text:
            return f"the value of a tensor is needed: {_asked(op) if op else asked}"
    return None


def _asked(op: str) -> str:
    return _ASKED.get(op, f"{op.lstrip('_')}()")


def advice(graph: ModelGraph) -> str:
    """What to do about a value that was needed and is not there."""
    without_data = any(finding.code == "MV017" for finding in graph.findings)
    # PyTorch itself makes others there, for a nested tensor.
    given = [t for t in graph.tensors if t.kind in ("input", "parameter", "buffer")]
    if without_data or any(tensor.device == "meta" for tensor in given):
        return (
            "a model on the device 'meta' has shapes and no data: give it weights (build it outside"
            " of torch.device('meta'), or model.to_empty(device='cpu') and load or initialise them)"
        )
    return (
        "execution='fake' computes shapes and no data: leave it out, or give execution='real'; "
        "small tensors given with input_data have known values"
    )
