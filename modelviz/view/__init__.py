"""What could be shown of a graph, and what is: nodes, groups and edges ready to draw."""

from ..analysis.figures import Figures
from .document import Document, Item, Link, TensorLabel
from .model import Group, Node, View, ViewEdge
from .options import DEFAULT_SHOW, PAGE, SHOW, ViewOptions, view_options

__all__ = [
    "DEFAULT_SHOW",
    "PAGE",
    "SHOW",
    "Document",
    "Figures",
    "Group",
    "Item",
    "Link",
    "Node",
    "TensorLabel",
    "View",
    "ViewEdge",
    "ViewOptions",
    "view_options",
]
