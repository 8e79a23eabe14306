"""Nodes of autograd's graph that Python has looked at."""

from __future__ import annotations

from collections import Counter
from typing import Any


def let_go(nodes: dict[Any, Any]) -> None:
    """Empty ``nodes``, whose keys are nodes that nothing else is to hold: outputs before inputs.

    PyTorch takes down a graph in a loop, but for nodes that Python has seen: each of those takes
    down the next one inside its own end, and a chain of some ten thousand overflows the stack of C.
    Here each goes while the next one is still held.
    """
    below = {
        node: [after for after, _ in node.next_functions if after is not None] for node in nodes
    }
    nodes.clear()
    waiting = Counter([after for afters in below.values() for after in afters])
    free = [node for node in below if node not in waiting]
    while free:
        node = free.pop()
        for after in below.pop(node, ()):
            waiting[after] -= 1
            if not waiting[after]:
                del waiting[after]
                free.append(after)
