"""Builds models of a library by their names, in a process whose network is one that counts.

``python -m tests.sources.offline_sweep LIBRARY STEP`` takes each STEP-th name, and prints as JSON
how many were built, and why the others were not.
"""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from collections.abc import Callable, Iterator

from torch import nn

from modelviz.errors import InputError
from modelviz.sources import from_library, names
from modelviz.sources.building import require, weightless


def main(library: str, step: int) -> None:
    """Print what became of each model."""
    built, refused = 0, {}
    for name, make in models(library, step):
        try:
            make()
            built += 1
        except InputError as error:
            refused[name] = str(error)
    print(json.dumps({"built": built, "refused": refused}))


def models(library: str, step: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Each name, and what builds its model."""
    if library == "diffusers":
        for model_class in diffusers_classes()[::step]:
            name = model_class.__name__
            yield name, lambda made=model_class, name=name: weightless(made, name)
        return
    for name in names(library, limit=10**6)[::step]:
        yield name, lambda name=name: from_library(library, name)


def diffusers_classes() -> list[type[nn.Module]]:
    """The models of diffusers, which have defaults for all their arguments or say which not."""
    require("transformers")  # torchvision, which diffusers imports, is then sure to load
    import diffusers

    found = []
    for name in dir(diffusers):
        value = getattr(diffusers, name, None)
        if inspect.isclass(value) and issubclass(value, diffusers.ModelMixin):
            found.append(value)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1], int(sys.argv[2]))
