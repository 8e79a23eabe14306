"""An input of a forward, and one that is proposed."""

from __future__ import annotations

from dataclasses import dataclass

Setting = bool | int | float | str
"""An argument that is no tensor."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A tensor to give to the forward: by position, or as the argument ``name``.

    A name such as ``batch.image`` or ``pair[0]`` stands for a part of an argument. ``value`` is
    set for an argument that is no tensor.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str | None = None
    value: Setting | None = None


@dataclass(frozen=True, slots=True)
class InputProposal:
    """An input that a model seems to take, and why; ``name`` as for ``InputSpec``.

    ``filled`` is what every number of the tensor has to be, where that matters: lengths.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    why: str
    value: Setting | None = None
    filled: int | None = None

    def __str__(self) -> str:
        if self.value is not None:
            return f"{self.name} = {self.value!r} ({self.why})"
        of = "" if self.filled is None else f" of {self.filled}"
        return f"{self.name} {list(self.shape)} {self.dtype}{of} ({self.why})"
