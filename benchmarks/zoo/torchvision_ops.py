"""torchvision made importable beside a torch build that its compiled ops do not fit.

timm needs torchvision's Python code. A CPU build of torch with the torchvision of the package
index cannot load torchvision's library, and torchvision then fails at its own import, where it
attaches shape functions to two ops that are not there. Declaring the ops is enough: no model of
the zoo calls them.
"""

from __future__ import annotations

import importlib.util

import torch

_OPS = ("nms", "qnms")
_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[torch.library.Library] = []


def declare_missing_ops() -> None:
    """Import torchvision, declaring the ops whose absence would make that fail."""
    if importlib.util.find_spec("torchvision") is None:
        return
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")
        _libraries.append(library)  # the declarations end with the library object
        for op in _OPS:
            library.define(_SCHEMA.format(op))
        import torchvision  # noqa: F401
