"""Python modules that a forward is the first to import: what their code does is no part of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Aside = Callable[[], AbstractContextManager[None]]


@contextmanager
def imports_aside(aside: Aside) -> Iterator[None]:
    """The code of modules that are imported in here runs inside ``aside()``."""
    finder = _Finder(aside)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _Finder:
    """Finds nothing itself: has the loader that the others find run a module aside."""

    def __init__(self, aside: Aside) -> None:
        self._aside = aside
        self._thread = threading.get_ident()

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders find; None in other threads."""
        if threading.get_ident() != self._thread:
            return None
        for finder in [*sys.meta_path]:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                self._wrap(spec.loader)
                return spec
        return None

    def _wrap(self, loader: Any) -> None:
        # Classes load what is built in, which runs no code of Python's.
        run = getattr(loader, "exec_module", None)
        own = getattr(loader, "__dict__", None)
        if run is None or own is None or isinstance(loader, type) or "exec_module" in own:
            return

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            with self._aside():
                run(module)

        loader.exec_module = exec_module
