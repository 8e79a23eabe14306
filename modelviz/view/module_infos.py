"""What the inspector tells of a module."""

from __future__ import annotations

from ..explaining.held import Derivations
from ..graph import Buffer, Module, Parameter
from .document import ModuleInfo, Stored

MAX_TERMS = 8
"""Most parts of a sum that are told."""


def module_info(module: Module, derived: Derivations) -> ModuleInfo:
    """What an inspector tells of a module."""
    adds = derived.of(module.path)
    told = 0 < len(adds.terms) <= MAX_TERMS
    return ModuleInfo(
        module.qualified_class,
        module.training,
        tuple(map(_stored, module.parameters)),
        tuple(map(_stored, module.buffers)),
        str(adds) if told else "",
        adds.words if told else "",
    )


def _stored(tensor: Parameter | Buffer) -> Stored:
    trainable = tensor.trainable if isinstance(tensor, Parameter) else None
    shape = tensor.named_shape if isinstance(tensor, Parameter) else tensor.shape
    size = tensor.bytes
    return Stored(tensor.name, shape, tensor.dtype, size, trainable, tensor.shared_with)
