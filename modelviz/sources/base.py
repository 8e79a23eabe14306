"""What a source gives."""

from __future__ import annotations

import contextlib
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CodeError
from ..graph import Finding, ModelGraph
from .offline import offline

if TYPE_CHECKING:
    from torch import nn

Tell = Callable[[str], None]
"""Takes what is being done now, in words."""

_PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True, slots=True)
class Source:
    """A model, or a graph that was saved, and the inputs proposed with it (None: none were).

    ``findings`` say what the reader should know about how it was made. A model without weights, on
    the ``meta`` device, is made with them by ``with_weights``.
    """

    model: nn.Module | ModelGraph
    inputs: Any = None
    findings: tuple[Finding, ...] = ()
    with_weights: Callable[[], nn.Module] | None = None


@contextlib.contextmanager
def reported(what: str, name: str) -> Iterator[None]:
    """Turn an error of the user's own code, ``name``, into one that says where it came from.

    Meanwhile nothing is fetched from the network.
    """
    with offline(name):
        try:
            yield
        except (Exception, SystemExit) as error:
            from ..explaining.code import missing_super

            frames = own_frames(error)
            place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
            remedy = "".join(f": {text}" for text in missing_super(str(error)))
            said = f"{type(error).__name__}: {error}"
            if isinstance(error, SystemExit):
                said = f"the code ended its process (exit status {error.code})"
            raise CodeError(f"{what}: {said}{place}{remedy}") from error


def own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of the traceback that lie in the user's own code, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return [frame for frame in frames if not _is_library(frame.filename)]


def _is_library(file: str) -> bool:
    """Whether code in the file is Python's, modelviz's or that of something installed."""
    if file.startswith((_PACKAGE, "<", sysconfig.get_path("stdlib"))):
        return True
    # Not only below this environment: it may see the packages of another one, or of the user.
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)
