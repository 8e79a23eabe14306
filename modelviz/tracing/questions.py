"""Functions that ask a tensor something and give no tensor: they are not ops.

Anything else that gives no tensor is not recorded either, but costs a little more to find out.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

from .torch_internals import TensorBase

_ATTRIBUTES = """
    shape dtype device layout ndim requires_grad is_leaf is_cuda is_cpu is_meta is_sparse
    is_sparse_csr is_quantized is_nested is_mkldnn is_mps is_xpu itemsize nbytes
    grad grad_fn output_nr retains_grad _version
"""
_METHODS = """
    size dim stride numel nelement ndimension storage_offset element_size is_contiguous
    is_floating_point is_complex is_signed is_inference is_neg is_conj is_pinned is_shared
    is_same_size get_device dense_dim sparse_dim qscheme q_scale
    q_zero_point register_hook register_post_accumulate_grad_hook
    __len__ __hash__ __repr__ __format__ __reduce_ex__
"""
TEXTS = frozenset({torch.Tensor.__repr__, torch.Tensor.__format__})
"""Functions that give a tensor as text."""
_FUNCTIONS = (
    torch.is_floating_point,
    torch.is_complex,
    torch.is_tensor,
    torch.numel,
    torch.result_type,
)


def _questions() -> frozenset[Any]:
    # Releases of torch differ in a few of them.
    attributes = [vars(TensorBase).get(name) for name in _ATTRIBUTES.split()]
    methods = [getattr(torch.Tensor, name, None) for name in _METHODS.split()]
    getters = [attribute.__get__ for attribute in attributes if attribute is not None]
    return frozenset((*getters, *filter(None, methods), *_FUNCTIONS))


ABOUT_GRADIENTS = frozenset(
    vars(TensorBase)[name].__get__ for name in ("requires_grad", "grad_fn", "is_leaf")
)
"""What a tensor answers in another way where gradients are recorded."""


_REFUSED = "numpy __array__ __dlpack__ __deepcopy__ resize_ resize_as_ requires_grad_ detach_"
REFUSED_WITH_GRADIENTS = frozenset(
    (
        *(getattr(torch.Tensor, name) for name in _REFUSED.split()),
        vars(TensorBase)["requires_grad"].__set__,
    )
)
"""What PyTorch refuses to do with a tensor that was computed where gradients are recorded."""


def asked_by_the_model(depth: int) -> bool:
    """Whether other code than PyTorch's and ours asks: that of the frame so many calls above."""
    root = str(sys._getframe(depth + 1).f_globals.get("__name__", "")).partition(".")[0]
    return root not in ("torch", "modelviz")


# A backward pass is no op: the kernels that run in it are.
_PASSES = frozenset({torch.autograd.grad, torch.autograd.backward, torch.Tensor.backward})

QUESTIONS = _questions() | _PASSES


_EXPOSING = """
    data_ptr storage untyped_storage _typed_storage numpy __array__ __dlpack__ share_memory_
"""
EXPOSING = frozenset(
    filter(None, [getattr(torch.Tensor, name, None) for name in _EXPOSING.split()])
)
"""Functions that hand out the memory of a tensor, which is written to out of sight then."""
