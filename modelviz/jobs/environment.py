"""The environment of a worker: nothing that a job has no business to see."""

from __future__ import annotations

import os
from pathlib import Path

from ..sources.offline import VARIABLES as OFFLINE

_KEPT = (
    "DYLD_LIBRARY_PATH",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "MKL_NUM_THREADS",
    "NUMBER_OF_PROCESSORS",
    "OMP_NUM_THREADS",
    "PATH",
    "PATHEXT",
    "SYSTEMROOT",
    "TZ",
    "VIRTUAL_ENV",
)


def worker_environment(folder: str) -> dict[str, str]:
    """Variables for a worker that lives in ``folder``: no secrets, no downloads, no GPU."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT or name.startswith("LC_")
    }
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(_python_path()),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "HOME": folder,
        "USERPROFILE": folder,
        "TMPDIR": folder,
        "TEMP": folder,
        "TMP": folder,
        **OFFLINE,
        "TRANSFORMERS_VERBOSITY": "error",
        "CUDA_VISIBLE_DEVICES": "",
    }


def _python_path() -> list[str]:
    """Where this modelviz is, and what else the parent was told to search."""
    own = str(Path(__file__).parents[2])
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [own, *(os.path.abspath(path) for path in given if path)]
