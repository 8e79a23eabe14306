"""Modes: dropout and normalisations that do not follow the model's."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Module, Op
from ..flow import Flow
from ..kinds import (
    ADDS,
    BATCH_NORMS,
    CASTS,
    CONVOLUTIONS,
    DROPOUTS,
    LINEAR,
    TRANSPARENT,
    TRANSPOSED,
    VIEWS,
)
from ..rule import Spot, rule
from ..subject import Subject

_DROPOUT_CLASSES = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "DropPath")
_NORM_CLASSES = ("BatchNorm", "SyncBatchNorm", "InstanceNorm", "LazyBatchNorm")
_ATTENTIONS = frozenset({"scaled_dot_product_attention", "multi_head_attention_forward"})


@rule("MV302", "dropout-always-on", "error", "forward")
def dropout_always_on(subject: Subject) -> Iterator[Spot]:
    """Functional dropout that is active in evaluation mode."""
    flow = subject.flow
    calls = subject.graph.calls
    training = {call.id for call in calls if subject.module(call.module).training}
    for op in subject.graph.ops:
        if op.call in training:
            continue
        if _is_mask(flow, op):
            yield Spot(
                "a mask of random bits multiplies the activations in evaluation mode, too: it is "
                "dropout that is always on",
                "return the input as it is unless self.training",
                op=op.id,
            )
            continue
        if op.name in DROPOUTS:
            rate = flow.argument(op, "p", 0.5)
            active = flow.argument(op, "training", flow.argument(op, "train", True)) is not False
        elif op.name in _ATTENTIONS:
            rate = flow.argument(op, "dropout_p", 0.0)
            active = flow.argument(op, "training", True) is not False
        else:
            continue
        if active and isinstance(rate, (int, float)) and rate > 0:
            yield Spot(
                f"{op.name} drops {rate:.0%} in evaluation mode, too",
                "pass training=self.training"
                if op.name in DROPOUTS
                else "pass dropout_p=self.p if self.training else 0.0",
                op=op.id,
            )


_PRODUCTS = frozenset({"mul", "mul_", "multiply", "div", "div_"})
_BITS = frozenset({"floor", "floor_", "lt", "gt", "le", "ge", "round", "round_"})
_CERTAIN = frozenset({"ones", "ones_like", "new_ones", "zeros", "zeros_like", "new_zeros"})
_STEPS = CASTS | _PRODUCTS | ADDS | VIEWS | {"sub", "rsub", "where"}


def _is_mask(flow: Flow, op: Op) -> bool:
    """Whether an op multiplies what comes from the input by random bits that do not."""
    if op.name not in _PRODUCTS or len(op.inputs) != 2:
        return False
    masks = [tensor for tensor in op.inputs if not flow.from_input[tensor]]
    return len(masks) == 1 and _are_random_bits(flow, masks[0])


def _are_random_bits(flow: Flow, tensor: int) -> bool:
    """Whether a tensor was drawn as bits, or drawn evenly and then rounded or compared."""
    bits = False
    for op in flow.way_back(tensor):
        name = op.name.rstrip("_")
        if name == "bernoulli":
            return not _is_decided(flow, op)
        if name in ("rand", "rand_like", "uniform"):
            return bits
        bits |= op.name in _BITS
        if op.name not in _BITS | _STEPS:
            return False
    return False


def _is_decided(flow: Flow, op: Op) -> bool:
    """Whether bits are drawn with probabilities that are learned, or certain: a gate, a halt."""
    if isinstance(flow.argument(op, "p"), (int, float)):
        return False
    given = op.inputs[1:] if op.in_place else op.inputs  # the values written over do not matter
    sources = [before for tensor in given for before in flow.way_back(tensor)]
    certain = bool(sources) and sources[0].name in _CERTAIN
    learned = any(flow.tensor(tensor).kind == "parameter" for tensor in given)
    return certain or learned or any(map(flow.weights, sources))


@rule("MV303", "mixed-modes", "warning", "modes")
def mixed_modes(subject: Subject) -> Iterator[Spot]:
    """Dropout or a normalisation is in another mode than the model."""
    assert subject.modes is not None
    root = subject.modes[""]
    traced_in = subject.graph.modules[0].training
    for module in subject.graph.modules:
        if not module.class_name.startswith((*_DROPOUT_CLASSES, *_NORM_CLASSES)):
            continue
        mode = subject.modes.get(module.path, root)
        if module.training and not traced_in:
            yield Spot(
                f"{module.class_name} stays in training mode when the model is put in evaluation "
                "mode",
                "let the train method of the class that holds it pass the mode on",
                path=module.path,
            )
            continue
        if mode is root:
            continue
        frozen = module.parameters and not any(p.trainable for p in module.parameters)
        if frozen and not mode:
            continue  # a frozen normalisation that is kept in evaluation mode on purpose
        yield Spot(
            f"{module.class_name} is in {_name(mode)} mode, and the model in {_name(root)} mode",
            f"call model.{'train' if root else 'eval'}() before use",
            path=module.path,
        )


def _name(training: bool) -> str:
    return "training" if training else "evaluation"


@rule("MV304", "frozen-norm-updates", "warning", "modes")
def frozen_norm_updates(subject: Subject) -> Iterator[Spot]:
    """In training mode, a normalisation with frozen parameters updates its statistics."""
    assert subject.modes is not None
    for module in subject.graph.modules:
        training = subject.modes.get(module.path, False) or module.training
        if not training or not module.class_name.startswith(_NORM_CLASSES):
            continue
        if module.path in subject.kept_in_evaluation:
            continue  # a train method of the user's own sees to it
        frozen = module.parameters and not any(p.trainable for p in module.parameters)
        updates = any(buffer.name == "running_mean" for buffer in module.buffers)
        if frozen and updates and not _is_written(subject, module):
            yield Spot(
                f"the parameters of this {module.class_name} are frozen, but in training mode its "
                "running statistics change",
                "call .eval() on it after model.train()",
                path=module.path,
            )


def _is_written(subject: Subject, module: Module) -> bool:
    """Whether the forward changes the module's parameters itself, as a momentum encoder does."""
    names = {f"{module.path}.{one.name}".lstrip(".") for one in module.parameters}
    tensors = subject.graph.tensors
    held = {t.storage for t in tensors if t.kind == "parameter" and t.name in names}
    return any(
        op.in_place and any(tensors[made].storage in held for made in op.outputs)
        for op in subject.graph.ops
    )


@rule("MV305", "bias-before-norm", "info", "forward")
def bias_before_norm(subject: Subject) -> Iterator[Spot]:
    """A bias that the following normalisation subtracts again."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in CONVOLUTIONS | TRANSPOSED | LINEAR:
            continue
        biased = any(len(weight.shape) == 1 for weight in flow.weights(op))
        after = flow.only_reader(op, frozenset({"identity", "contiguous"})) if biased else None
        if after is not None and after.name in BATCH_NORMS | {"instance_norm"}:
            yield Spot(
                f"the bias of this layer is subtracted again by {flow.path(after)}",
                "make the layer with bias=False",
                op=op.id,
            )


@rule("MV306", "dropout-before-norm", "info", "forward")
def dropout_before_norm(subject: Subject) -> Iterator[Spot]:
    """Dropout feeds a batch normalisation, whose statistics then differ in evaluation."""
    flow = subject.flow
    between = TRANSPARENT | {"relu", "relu_", "linear", *CONVOLUTIONS}
    for op in subject.graph.ops:
        if op.name not in DROPOUTS or not _drops(subject, op.id):
            continue
        after = flow.only_reader(op, between)
        if after is not None and after.name in BATCH_NORMS:
            yield Spot(
                f"dropout feeds {flow.path(after)}: the variance that it learns in training is "
                "not that of evaluation",
                "put the dropout after the normalisation",
                op=op.id,
            )


def _drops(subject: Subject, op_id: int) -> bool:
    rate = subject.flow.argument(subject.graph.ops[op_id], "p", 0.5)
    return isinstance(rate, (int, float)) and rate > 0
