"""A model built and traced in a process of its own, with limits, progress and a way to stop.

A :class:`Pool` keeps worker processes ready, so that a job does not wait for torch to be
imported. Each worker does one job and ends. What it sends back is JSON, never a pickle, so code
that a user typed can spoil its own result and nothing else::

    with Pool(allow_code=True) as pool:
        job = pool.submit(JobSpec("library", "timm:resnet50"), client=session_id)
        while not job.done:
            show(job.progress.stage, job.progress.seconds)   # "Building the model", 1.2
        result = job.result()
        result.graph      # a ModelGraph; of what ran before the failure, if the forward failed
        result.error      # None, or a JobError: kind, message, hint, traceback
        result.inputs     # the inputs of the forward, as InputSpec
        result.proposals  # inputs that the model seems to take, as InputProposal
        result.candidates # the names in the code that could be models
        result.chosen     # the one of them that was taken
        result.plan       # the Outline of a plan, for a JobSpec with a PlanSpec
        result.notes      # what the reader should know about how the model was made

What a :class:`JobSpec` names, by its kind:

========== ============================================================================
gallery    a name in ``modelviz.gallery.NAMES``
library    ``timm:resnet50``, ``torchvision:vit_b_16``, ``transformers:bert``
config     the text of a Hugging Face ``config.json``
file       a Python file on this machine, ``path/to/file.py``; needs ``allow_code``
code       Python code as text; needs ``allow_code``
stored     a file of weights or an exported program (``.safetensors``, ``.pt2``, ``.onnx``,
           TorchScript), as bytes in ``data`` or the path of one; nothing in it is unpickled
graph      a graph saved by modelviz: JSON as text, bytes in ``data``, or the path of one
========== ============================================================================

The limits stop accidents (an endless loop, memory hunger, a crash) and keep uploads from running
code. They are no prison: code that is run with ``allow_code`` can read what the user who
started the pool can read.
"""

from __future__ import annotations

from ..proposals import InputProposal, InputSpec
from .job import Job
from .pool import Pool
from .result import ErrorKind, JobError, JobResult, Progress
from .spec import JobSpec, Kind, Limits, PlanSpec

__all__ = [
    "ErrorKind",
    "InputProposal",
    "InputSpec",
    "Job",
    "JobError",
    "JobResult",
    "JobSpec",
    "Kind",
    "Limits",
    "PlanSpec",
    "Pool",
    "Progress",
]
