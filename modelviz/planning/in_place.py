"""What PyTorch computes in place, but not while a mode watches: then it makes new tensors.

It does so that each kernel stays a function of its arguments (``areAnyTensorSubclassLike`` in
ATen), in the backward pass and in what is made of several kernels. A step that is watched would
hold more than a real one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch.nn import functional

from ..tracing.mode_internals import UncompiledMode, disable_current_modes
from ..tracing.torch_internals import current_node, references_to
from .ledger import Ledger

_aten = torch.ops.aten

_INTO_ZEROS = {
    _aten.scatter.src: _aten.scatter_.src,
    _aten.scatter.value: _aten.scatter_.value,
    _aten.scatter_add.default: _aten.scatter_add_.default,
    _aten.index_add.default: _aten.index_add_.default,
    _aten.index_put.default: _aten.index_put_.default,
    _aten._index_put_impl.default: _aten._index_put_impl_.default,
}
"""Kernels of the backward pass that write into zeros made just before: of gather, max, an index."""
_ZEROS = ("new_zeros", "zeros", "zeros_like")
_PRODUCTS = ("mm", "bmm")
_RESHAPES = ("_unsafe_view", "view")


class InPlace:
    """Tells the kernels that would work in place. To be made before a backward pass runs."""

    def __init__(self) -> None:
        # Counted now: inside a backward pass there can be no other.
        self._gradients = _references(_two_gradients)
        self._products = _references(_product_and_bias)
        # The step of the backward pass that runs, and the number of kernels that ran before it.
        self._step: int | None = None
        self._before = 0

    def kernel(self, func: Any, args: tuple[Any, ...], kwargs: Any, ledger: Ledger) -> Any:
        """``func``, or the kernel that does the same in place."""
        node = current_node()
        step = None if node is None else node._sequence_nr()
        if step != self._step:
            self._step, self._before = step, len(ledger.events)
        if func is _aten.add.Tensor:
            given = args, kwargs, ledger
            in_place = self._adds_gradients(*given) or self._adds_bias(*given)
            return _aten.add_.Tensor if in_place else func
        other = _INTO_ZEROS.get(func)
        return other if other is not None and _fills_zeros(args[0], ledger) else func

    def _adds_gradients(self, args: tuple[Any, ...], kwargs: Any, ledger: Ledger) -> bool:
        """Whether the engine adds two gradients of one tensor, into the first of them.

        One of them may be of the step that runs, and both only where it gives that tensor two.
        """
        node = current_node()
        if kwargs or torch.is_grad_enabled() or node is None or len(args) != 2:
            return False
        first, second = args
        made = _made_by(first, ledger)
        if made is not None and made >= self._before and _gives_each_one(node):
            return False
        alike = isinstance(second, torch.Tensor) and first.shape == second.shape
        if not alike or first.dtype != second.dtype or first.layout is not torch.strided:
            return False
        return references_to(first) == self._gradients

    def _adds_bias(self, args: tuple[Any, ...], kwargs: Any, ledger: Ledger) -> bool:
        """Whether a linear layer adds the bias to its product, of an input in several pieces."""
        if kwargs or len(args) != 2 or not isinstance(args[1], torch.Tensor):
            return False
        first, bias = args
        if bias.dim() != 1 or first.dim() < 2 or first.dtype != bias.dtype:
            return False
        made = _made_by(first, ledger)
        if made is None or ledger.events[made].op not in _PRODUCTS:
            return False
        after = ledger.events[made + 1 :]
        return all(e.op in _RESHAPES for e in after) and references_to(first) == self._products


def stores_sparse(func: Any, args: tuple[Any, ...]) -> bool:
    """Whether the engine copies a sparse gradient to store it: only since Python saw its parts."""
    if func is not _aten.clone.default or args[0].layout is not torch.sparse_coo:
        return False
    node = current_node()
    return node is not None and "AccumulateGrad" in node.name()


def _gives_each_one(node: Any) -> bool:
    """Whether a step of the backward pass has one gradient at most for each tensor."""
    given = [target for target in node.next_functions if target[0] is not None]
    return len(set(given)) == len(given)


def _made_by(tensor: torch.Tensor, ledger: Ledger) -> int | None:
    block = ledger.block_of(tensor)
    return None if block is None else block.event


def _fills_zeros(tensor: torch.Tensor, ledger: Ledger) -> bool:
    """Whether the last kernel made ``tensor`` of zeros, in a backward step of PyTorch's own."""
    node = current_node()
    own = node is not None and not isinstance(node, torch.autograd.function.FunctionCtx)
    if not own or torch.is_grad_enabled():
        return False
    made = _made_by(tensor, ledger)
    return made is not None and made == len(ledger.events) - 1 and ledger.events[made].op in _ZEROS


class _Counting(UncompiledMode):
    """Counts the references to the first of two tensors that are added."""

    counted = (0, 0)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is _aten.add.Tensor:
            self.counted = references_to(args[0])
        return func(*args, **(kwargs or {}))


@cache
def _references(run: Callable[[], Any]) -> tuple[int, int]:
    """The references to what is added to in the last sum of ``run``, as a mode finds them."""
    counting: Any = _Counting()  # type: ignore[no-untyped-call]
    with disable_current_modes(), torch.enable_grad(), counting:
        run()
    counted: tuple[int, int] = counting.counted
    return counted


def _two_gradients() -> None:
    """A sum by the engine, which alone holds the gradients."""
    leaf = torch.zeros(2, requires_grad=True)
    twice = leaf * 2
    torch.autograd.grad(twice.sin().sum() + twice.cos().sum(), leaf)


def _product_and_bias() -> None:
    """A linear layer on an input that is not in one piece."""
    functional.linear(torch.zeros(2, 3, 4).transpose(0, 1), torch.zeros(5, 4), torch.zeros(5))
