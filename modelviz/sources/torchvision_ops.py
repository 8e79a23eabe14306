"""torchvision made importable beside a torch build that its compiled ops do not fit.

A CPU build of torch with the torchvision of the package index cannot load torchvision's library,
and torchvision, and with it timm, then fails at its own import, where it attaches shape functions
to two ops that are not there. Declaring the ops is enough to build models; only those that call
them, such as detectors, will say that the op has no kernel.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_OPS = ("nms", "qnms")
_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_libraries: list[torch.library.Library] = []


def import_torchvision() -> None:
    """Import torchvision if it is installed, declaring the ops whose absence would stop that."""
    import torch

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
