"""Gradients that do not arrive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..rule import Spot, rule
from ..subject import Subject, cut_off_parameters

if TYPE_CHECKING:
    from ..watching import Stop


@rule("MV301", "no-gradient", "error", "forward", "run")
def no_gradient(subject: Subject) -> Iterator[Spot]:
    """A trainable parameter takes part in the output, and no gradient can reach it."""
    watched = subject.watched
    assert watched is not None
    cut = cut_off_parameters(subject)
    if not cut:
        return
    left = set(cut)
    # The last stop on the way is the nearest to the output: it cuts off the most.
    for stop in sorted(watched.stops, key=lambda stop: -len(stop.parameters & cut)):
        here = left & stop.parameters
        if here:
            left -= here
            yield _cut(here, stop)
    if left:
        yield Spot(
            f"no gradient reaches {_names(left)} from any output",
            "compute it outside of torch.no_grad(), with functions that have a gradient",
            path=min(left).rpartition(".")[0],
        )


def _cut(parameters: set[str], stop: Stop) -> Spot:
    return Spot(
        f"{stop.name} ends the way of the gradient: {_names(parameters)} cannot be trained",
        "leave it out on the way to the loss, or freeze the parameters if that is meant",
        path=stop.path,
        file=stop.file,
        line=stop.line,
    )


def _names(names: set[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - 2
    return ", ".join(ordered[:2]) + (f" and {more} more parameters" if more > 0 else "")
