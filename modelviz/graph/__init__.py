"""The data model: records, the graph they form, its file, and networkx."""

from .model import ModelGraph, load
from .records import (
    Buffer,
    Call,
    Edge,
    Escape,
    Execution,
    Failure,
    Finding,
    FunctionCall,
    Level,
    Module,
    Op,
    Parameter,
    Scope,
    Shape,
    Storage,
    Tensor,
    TensorKind,
)

__all__ = [
    "Buffer",
    "Call",
    "Edge",
    "Escape",
    "Execution",
    "Failure",
    "Finding",
    "FunctionCall",
    "Level",
    "ModelGraph",
    "Module",
    "Op",
    "Parameter",
    "Scope",
    "Shape",
    "Storage",
    "Tensor",
    "TensorKind",
    "load",
]
