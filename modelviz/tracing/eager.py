"""Compiled functions run as they were written, also those that are compiled during a forward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from .attribute_set import attribute_set
from .torch_internals import compiler_imported


@contextmanager
def eager() -> Iterator[None]:
    """Whatever ``torch.compile`` made, or makes inside, runs as it was written.

    The compiler takes seconds to import, and most forwards do not need it: where it is not there
    yet, the first use of ``torch.compile`` (by ``flex_attention``, say) brings it.
    """
    with ExitStack() as stack:
        if compiler_imported():
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            yield
            return
        original = torch.compile

        def compile_eagerly(*args: Any, **kwargs: Any) -> Any:
            if torch.compile is compile_eagerly:
                torch.compile = original
                stack.enter_context(torch.compiler.set_stance("force_eager"))
            return original(*args, **kwargs)

        with attribute_set(torch, "compile", compile_eagerly):
            yield
