"""How the figures of a model grow with the sizes of its inputs."""

from .ranges import Range, Valid
from .result import Formulas
from .run import formulas

__all__ = ["Formulas", "Range", "Valid", "formulas"]
