"""The line of the user's code that an op came from."""

from __future__ import annotations

import os
import sys
from types import FrameType

import torch

_TORCH = os.path.dirname(torch.__file__) + os.sep
_OURS = os.path.dirname(__file__) + os.sep
# The frames below this function of ours belong to whoever asked for the trace.
_BOTTOM = "run_forward"

_origin: dict[str, int] = {}
_USER, _LIBRARY, _TRACER = 0, 1, 2


def caller() -> tuple[str | None, int | None]:
    """File and line of the innermost frame outside torch; inside torch when all are.

    An op inside ``nn.Linear`` is located where the user's ``forward`` called the layer.
    """
    frame: FrameType | None = sys._getframe(1)
    inside_torch: FrameType | None = None
    while frame is not None:
        filename = frame.f_code.co_filename
        origin = _origin.get(filename)
        if origin is None:
            origin = _origin[filename] = _classify(filename)
        if origin == _USER:
            return filename, frame.f_lineno
        if origin == _LIBRARY:
            inside_torch = inside_torch or frame
        elif frame.f_code.co_name == _BOTTOM:
            break
        frame = frame.f_back
    if inside_torch is None:
        return None, None
    return inside_torch.f_code.co_filename, inside_torch.f_lineno


def is_user_code(filename: str) -> bool:
    """Whether a file is neither torch's nor the tracer's."""
    return _classify(filename) == _USER


def _classify(filename: str) -> int:
    if filename.startswith(_OURS):
        return _TRACER
    if filename.startswith((_TORCH, "<")) or os.sep + "contextlib" in filename:
        return _LIBRARY
    return _USER
