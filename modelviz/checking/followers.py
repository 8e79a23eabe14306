"""Networks that follow another: built alike and run without gradients, as a teacher's average."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from ..dotted import with_ancestors
from .subject import Subject

_Build = frozenset[tuple[str, tuple[int, ...]]]


def followed(subject: Subject, names: Collection[str], reached: Collection[str]) -> bool:
    """Whether the parameters ``names`` may be those of networks that follow trained ones.

    Such a one has the parameters of a network beside it, each of which a gradient reaches, and
    computes nothing for that one: a target, a momentum encoder, a teacher. Something outside of
    the forward may well average them.
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

    return all(any(map(leads, [p for p in with_ancestors(name) if p in builds])) for name in names)


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
