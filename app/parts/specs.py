"""What a visitor asked for, as the job that makes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from modelviz.jobs import JobSpec, Kind

TITLES: Mapping[Kind, str] = {
    "gallery": "Gallery",
    "library": "Library",
    "config": "config.json",
    "code": "Python code",
    "stored": "Model file",
    "graph": "Saved graph",
}
"""The ways to name a model that a page offers."""

LIBRARIES = ("timm", "torchvision", "transformers")
SHARED: frozenset[Kind] = frozenset({"gallery", "library"})
"""Kinds that are the same for every visitor; what comes of all others is somebody's own."""
TEXTS: frozenset[Kind] = frozenset({"code", "config"})
"""Kinds that are typed."""
NOT_RUN: frozenset[Kind] = frozenset({"stored", "graph"})
"""Kinds without a forward to feed."""
FIRST = JobSpec("gallery", "transformer")
"""What is on the page before anything is chosen."""
SECOND = JobSpec("gallery", "gpt")
"""What it is compared with before anything is chosen."""


def is_shared(spec: JobSpec) -> bool:
    """Whether every visitor may see what comes of it."""
    return spec.kind in SHARED


def timed(spec: JobSpec) -> JobSpec:
    """The same job, measuring how long each op takes, where there is a forward to run."""
    if spec.kind in NOT_RUN:
        return spec
    execution = "real" if spec.execution == "fake" else spec.execution
    return replace(spec, timed=True, execution=execution)


def key_of(spec: JobSpec) -> str:
    """A short name that equal jobs share, and others do not."""
    digest = hashlib.sha256(repr(spec.to_dict()).encode("utf-8", "replace"))
    digest.update(spec.data or b"")
    return digest.hexdigest()[:20]


def title_of(spec: JobSpec) -> str:
    """What to call it until the model itself is there."""
    return spec.source if is_shared(spec) else TITLES[spec.kind]
