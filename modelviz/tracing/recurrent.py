"""Recurrent ops over long sequences, of which short ones tell what they do.

Where PyTorch has no fused kernel (GRU, plain RNN, LSTM in double precision or with projections) it
runs the kernels of each step, and a fake one takes far longer than a real one. Every step runs the
same, so what the op takes and returns grows by the same amount with each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from .recipes import Output, Recipe

RECURRENT = frozenset({torch.gru, torch.lstm, torch.rnn_relu, torch.rnn_tanh})
# The largest of three lengths proves what the others tell. What is allocated at one time may be
# most in one part of the op for short sequences, in another for long ones: then longer ones tell.
_LENGTHS = ((8, 12, 24), (32, 48, 96))
_BATCH_FIRST = 8


def from_shorter(args: tuple[Any, ...], learn: Callable[[Output], Recipe | None]) -> Recipe | None:
    """What a recurrent function does with a long sequence, by what it does with shorter ones.

    ``learn`` tells that for a tensor like ``Output`` in the place of the sequence. None where the
    sequence is short, packed or has gaps, where the states are projected (how long a sequence has
    to be until each step adds the same then depends on the sizes), or where steps do not add up.
    """
    # A packed sequence has its batch sizes as a second tensor, before the states and parameters.
    if len(args) <= _BATCH_FIRST or not isinstance(args[3], bool):
        return None
    source, states = args[0], args[1]
    if not isinstance(states, torch.Tensor) and states[0].shape != states[1].shape:
        return None
    dim = 1 if args[_BATCH_FIRST] else 0
    length = source.shape[dim]
    if not _is_whole(source):
        return None
    for a, b, c in _LENGTHS:
        if length < 2 * c:
            return None
        one, two = (learn(_resized(source, dim, short)) for short in (a, b))
        if one is None or two is None or not _grows(one, two, a, b):
            return None
        three = learn(_resized(source, dim, c))
        if three is not None and _extended(one, two, (a, b), c) == three:
            return _extended(one, three, (a, c), length)
    return None


def _grows(one: Recipe, two: Recipe, a: int, b: int) -> bool:
    """Whether the steps take most of the memory, which they do not where one kernel runs all.

    What one part of the op takes may otherwise be more than what the steps do until these are many.
    """
    per_step = (two.workspace - one.workspace) // (b - a)
    return one.workspace < 2 * a * per_step


def _is_whole(tensor: torch.Tensor) -> bool:
    """Whether the elements of ``tensor`` lie beside each other, in some order of its dimensions."""
    expected = 1
    for dim in sorted(range(tensor.dim()), key=tensor.stride):
        if tensor.shape[dim] > 1 and tensor.stride(dim) != expected:
            return False
        expected *= tensor.shape[dim]
    return True


def _resized(tensor: torch.Tensor, dim: int, size: int) -> Output:
    """A tensor like ``tensor``, which is whole, in all but one size."""
    old = tensor.shape[dim]
    inner = tensor.stride(dim)
    strides = [s // old * size if s > inner else s for s in tensor.stride()]
    shape = (*tensor.shape[:dim], size, *tensor.shape[dim + 1 :])
    return replace(Output.of(tensor, None, None), shape=shape, stride=tuple(strides))


def _extended(one: Recipe, two: Recipe, lengths: tuple[int, int], length: int) -> Recipe:
    """The recipe at ``length`` on the line through those at two ``lengths``."""
    first, second = lengths

    def at(low: int, high: int) -> int:
        return low + (high - low) * (length - first) // (second - first)

    def output(low: Output | None, high: Output | None) -> Output | None:
        if low is None or high is None:
            return low
        shape, stride = map(at, low.shape, high.shape), map(at, low.stride, high.stride)
        return replace(low, shape=tuple(shape), stride=tuple(stride))

    return replace(
        one,
        outputs=tuple(map(output, one.outputs, two.outputs)),
        flops=at(one.flops, two.flops),
        bytes_read=at(one.bytes_read, two.bytes_read),
        bytes_written=at(one.bytes_written, two.bytes_written),
        workspace=at(one.workspace, two.workspace),
    )
