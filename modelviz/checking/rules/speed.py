"""What makes a model slower than it has to be."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from ...graph import Op
from ..kinds import DROPOUTS, PRODUCTS, TRANSPARENT
from ..rule import Spot, rule
from ..subject import Subject
from .activations import attention_scores

_LARGE = 256
_TILE = 8
"""Tensor cores take sizes in multiples of 8 elements of 16 bits (NVIDIA, Deep Learning
Performance Guide: Matrix Multiplication Background)."""
_MANY = 10
_SMALL = 1 << 20
_WAITS = {"nonzero", "argwhere", "masked_select", "unique", "unique_consecutive", "bincount"}


@rule("MV701", "unaligned-size", "info", "forward")
def unaligned_size(subject: Subject) -> Iterator[Spot]:
    """A large matrix product in a size that wastes tensor cores."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in ("linear", "addmm"):
            continue
        weight = next((w for w in flow.weights(op) if len(w.shape) == 2), None)
        if weight is None or min(weight.shape) < _LARGE // 4 or max(weight.shape) < _LARGE:
            continue
        odd = [size for size in weight.shape if size % _TILE]
        if odd:
            up = [-(-size // _TILE) * _TILE for size in odd]
            yield Spot(
                f"a matrix of {weight.shape[0]} × {weight.shape[1]}: {odd[0]} is no multiple of "
                f"{_TILE}, which tensor cores want",
                f"pad it to {up[0]}",
                op=op.id,
            )


@rule("MV702", "attention-by-hand", "info", "forward")
def attention_by_hand(subject: Subject) -> Iterator[Spot]:
    """Softmax attention that ``scaled_dot_product_attention`` would fuse."""
    flow = subject.flow
    for op in subject.graph.ops:
        if attention_scores(flow, op) is None:
            continue
        after = flow.only_reader(op, TRANSPARENT | DROPOUTS)
        if after is not None and after.name in PRODUCTS:
            size = flow.tensor(op.outputs[0]).bytes
            yield Spot(
                f"attention written out, with {size:,} bytes of scores in memory",
                "torch.nn.functional.scaled_dot_product_attention does the same in one kernel",
                op=op.id,
            )


@rule("MV703", "host-sync", "info", "forward", uses=("run",))
def host_sync(subject: Subject) -> Iterator[Spot]:
    """The forward waits for the device: ``.item()``, ``bool(tensor)``, ``nonzero``."""
    told: set[tuple[str | None, int | None]] = set()
    for seen in () if subject.watched is None else subject.watched.syncs:
        if (seen.file, seen.line) in told:
            continue
        told.add((seen.file, seen.line))
        yield seen.spot(
            f"{seen.what} waits until the device has computed the value",
            "keep it a tensor: torch.where, masks, or a number that is known before",
        )
    for op in subject.graph.ops:
        if (op.name in _WAITS or _picks_by_mask(subject, op)) and (op.file, op.line) not in told:
            told.add((op.file, op.line))
            yield Spot(
                f"{op.name} has a size that depends on values: the host waits for the device",
                "use masks of a fixed size",
                op=op.id,
            )


def _picks_by_mask(subject: Subject, op: Op) -> bool:
    """Whether an op picks the elements where a mask is true, however many they are."""
    dtypes = [subject.flow.tensor(tensor).dtype for tensor in op.inputs]
    return (op.name == "getitem" and "bool" in dtypes[1:]) or (
        op.name == "where" and len(dtypes) == 1 and not op.args
    )


@rule("MV704", "loop-of-small-ops", "info", "forward")
def loop_of_small_ops(subject: Subject) -> Iterator[Spot]:
    """One small op, or one small module, many times over time or batch in Python."""
    flow = subject.flow
    ops: dict[tuple[int, str, str | None, int | None], list[int]] = defaultdict(list)
    sizes: dict[tuple[int, str, str | None, int | None], int] = defaultdict(int)
    for op in subject.graph.ops:
        if op.view or op.name == "identity":
            continue
        call = flow.call(op)
        # Seen from the module whose loop it is: each turn may be a call of a child.
        outer = call.id if call.parent is None else call.parent
        for owner in {call.id, outer}:
            key = (owner, op.name, op.file, op.line)
            ops[key].append(op.id)
            sizes[key] = max(sizes[key], sum(flow.tensor(t).bytes for t in op.outputs))
    told: set[tuple[str | None, int | None]] = set()
    for key, found in sorted(ops.items(), key=lambda item: -len(item[1])):
        place = (key[2], key[3])
        if len(found) < _MANY or sizes[key] > _SMALL or place in told or key[2] is None:
            continue
        told.add(place)
        if _is_stack(subject, key[0], found):
            continue
        yield Spot(
            f"{key[1]} runs {len(found)} times here, on at most {sizes[key]:,} bytes each",
            "do it once for all steps: a batched op, torch.stack, or a fused layer such as nn.LSTM",
            op=found[0],
            path=subject.graph.calls[key[0]].module,
        )


def _is_stack(subject: Subject, call_id: int, ops: Sequence[int]) -> bool:
    """Whether what repeats are layers of their own, one after another, not turns of a loop.

    A loop calls the same layer in its turns, or none: then its ops follow each other with no call
    between them.
    """
    children = [subject.graph.calls[child] for child in subject.graph.calls[call_id].children]
    within = [child for child in children if child.stop > ops[0] and child.start <= ops[-1]]
    repeated = Counter(child.module for child in within)
    if max(repeated.values(), default=0) >= _MANY:
        return False
    starts = sorted(child.start for child in within)
    runs = Counter(bisect_right(starts, op) for op in ops)
    return max(runs.values()) < _MANY
