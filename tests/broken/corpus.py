"""What a forward that fails is here: the model, its inputs, and what should be said about it.

The line that fails bears the comment ``# fails``. Kinds of failures follow the shape errors
that PyTea was tested on (https://sf.snu.ac.kr/pytea/), the crashes of JunoBench
(https://arxiv.org/abs/2510.18013), and questions and issues named beside each. All code is our own.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

Made = tuple[Any, ...]
"""A model and its inputs."""

PYTEA = "https://sf.snu.ac.kr/pytea/"
JUNOBENCH = "https://arxiv.org/abs/2510.18013"


@dataclass(frozen=True, slots=True)
class Broken:
    """A forward that fails.

    ``make`` gives the model and its inputs. ``at`` is the path of the module that fails; ``remedy``
    is a pattern that one of the remedies has; ``like`` is where people have met the like.
    """

    make: Callable[[], Made]
    remedy: str
    at: str
    like: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the function that makes it, after its file's."""
        return f"{self.make.__module__.rpartition('.')[2]}.{self.make.__name__}"

    @property
    def line(self) -> int | None:
        """The number of the line that fails; None where no line of the user's code does."""
        lines, start = inspect.getsourcelines(self.make)
        found = [n for n, line in enumerate(lines) if line.rstrip().endswith("# fails")]
        return start + found[0] if found else None

    @property
    def file(self) -> str:
        """The file that it is written in."""
        return inspect.getfile(self.make)

    def is_remedy(self, text: str) -> bool:
        """Whether a remedy says what should be said."""
        return re.search(self.remedy, text, re.IGNORECASE) is not None


CORPUS: list[Broken] = []


def broken(
    remedy: str, *, at: str = "", like: str = PYTEA, **options: Any
) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Enter a function that makes a model and its inputs into the corpus.

    ``options`` are further arguments of ``modelviz.trace``.
    """

    def entered(make: Callable[[], Made]) -> Callable[[], Made]:
        CORPUS.append(Broken(make, remedy, at, like, options))
        return make

    return entered


def model_and_inputs(case: Broken) -> tuple[nn.Module, list[Any]]:
    """The model of a case and its inputs."""
    model, *inputs = case.make()
    return model, inputs
