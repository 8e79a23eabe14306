"""Networks that others are trained by, and that run without gradients: targets and teachers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from ..dotted import with_ancestors
from .subject import Subject

_Build = frozenset[tuple[str, tuple[int, ...]]]


def targets(
    subject: Subject, names: Collection[str], reached: Collection[str], apart: bool
) -> set[str]:
    """Those of the parameters ``names`` that may well be a target's, a teacher's, an average's.

    The network of such a one is compared with what is trained, or has the parameters of a network
    beside it, each of which a gradient reaches, and computes nothing for that one: something
    outside of the forward may well average them. With ``apart``, so is one that only gives an
    output of its own, in the shape of one that is trained.
    """
    builds, alike = _builds(subject)

    def leads(path: str) -> bool:
        """Whether one that is built as the module at ``path`` is trained, beside it."""
        return any(
            all(f"{other}.{name}" in reached for name, _ in builds[path])
            and not _feeds(subject, path, other)
            for other in alike[builds[path]]
            if other != path
        )

    found = {
        name for name in names if any(map(leads, [p for p in with_ancestors(name) if p in builds]))
    }
    rest = set(names) - found
    return found | rest if rest and _is_compared(subject, rest, reached, apart) else found


_COMPARING = frozenset(
    {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "cross_entropy"}
    | {"binary_cross_entropy", "binary_cross_entropy_with_logits", "sub", "rsub"}
    | {"cosine_embedding_loss", "pairwise_distance"}
)


def _is_compared(
    subject: Subject, names: Collection[str], reached: Collection[str], apart: bool
) -> bool:
    """Whether what is made of the parameters meets what is trained in comparisons at most."""
    flow, tensors = subject.flow, subject.graph.tensors
    own = {tensor.id for tensor in tensors if tensor.kind == "parameter" and tensor.name in names}
    trained = {t.id for t in tensors if t.kind == "parameter" and t.name in reached}
    outputs = subject.graph.outputs
    compared: set[int] = set()
    for op in subject.graph.ops:
        if not compared.isdisjoint(op.inputs):
            if flow.weights(op):
                return False  # what a layer goes on from is no comparison
            compared.update(op.outputs)
        is_own, is_trained = not own.isdisjoint(op.inputs), not trained.isdisjoint(op.inputs)
        if is_own and is_trained:
            if op.name not in _COMPARING or flow.weights(op):
                return False
            compared.update(op.outputs)
        elif is_own:
            own.update(op.outputs)
        if is_trained:
            trained.update(op.outputs)
    given = own.difference(trained).intersection(outputs) if apart else set()
    beside = {tensors[tensor].shape for tensor in trained.intersection(outputs)}
    # A teacher gives what its student does.
    alike = bool(given) and all(tensors[tensor].shape in beside for tensor in given)
    return bool(compared) or alike


def _builds(subject: Subject) -> tuple[dict[str, _Build], dict[_Build, list[str]]]:
    """By module, the names and shapes of all parameters in it; and the modules that have them."""
    held: dict[str, set[tuple[str, tuple[int, ...]]]] = defaultdict(set)
    for name, parameter in subject.graph.unique_parameters():
        for path in with_ancestors(name.rpartition(".")[0]):
            if path:
                held[path].add((name[len(path) + 1 :], parameter.shape))
    builds = {path: frozenset(found) for path, found in held.items()}
    alike: dict[_Build, list[str]] = defaultdict(list)
    for path, build in builds.items():
        alike[build].append(path)
    return builds, alike


def _feeds(subject: Subject, path: str, other: str) -> bool:
    """Whether something that the module at ``path`` computes goes into the one at ``other``."""
    made: set[int] = set()
    for op in subject.graph.ops:
        above = set(with_ancestors(subject.flow.path(op)))
        if not made.isdisjoint(op.inputs):
            if other in above:
                return True
            made.update(op.outputs)
        elif path in above:
            made.update(op.outputs)
    return False
