"""What is shown of a graph: depth, folding, expansion; nodes, groups and edges ready to draw."""

from ..analysis.figures import Figures
from .build import build_view, page_views
from .model import Group, Link, Node, TensorLabel, View, ViewEdge
from .options import DEFAULT_SHOW, PAGE, SHOW, ViewOptions, view_options

__all__ = [
    "DEFAULT_SHOW",
    "PAGE",
    "SHOW",
    "Figures",
    "Group",
    "Link",
    "Node",
    "TensorLabel",
    "View",
    "ViewEdge",
    "ViewOptions",
    "build_view",
    "page_views",
    "view_options",
]
