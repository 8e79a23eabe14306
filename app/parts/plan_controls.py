"""The widgets that say what to plan: the step, the device, the sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import streamlit as st

from modelviz import InputError
from modelviz.jobs import JobSpec, PlanSpec
from modelviz.planning.devices import DEVICES, Device, device_named
from modelviz.planning.outline import Outline

from .choice import choose
from .specs import key_of
from .state import Slot, key
from .text import plain

SLOT: Slot = "plan"
Goal = Literal["train", "infer", "decode"]
GOALS: Mapping[Goal, str] = {"train": "Training", "infer": "Inference", "decode": "Next token"}
OPTIMIZERS: Mapping[str, str] = {
    "adamw": "AdamW",
    "adam": "Adam",
    "sgd": "SGD",
    "sgd-momentum": "SGD with momentum",
    "adafactor": "Adafactor",
    "adamw8bit": "AdamW, 8-bit states",
    "lion": "Lion",
    "muon": "Muon",
}
PRECISION: Mapping[str, str] = {
    "float32": "As the weights are",
    "bf16-mixed": "bfloat16, autocast",
    "fp16-mixed": "float16, autocast",
    "bfloat16": "All in bfloat16",
    "float16": "All in float16",
}
OTHER = "other"
RANKS = (2, 4, 8, 16, 32, 64, 128, 256)
USUAL_RANK = 8
AXES: Mapping[str, tuple[str, str]] = {
    "dp": ("Data parallel (dp)", "Devices that each have another batch and a part of the weights"),
    "tp": ("Tensor parallel (tp)", "Devices that share a batch, each with a part of the layers"),
}
"""The axes of a mesh: their names on the page, and what they are."""
MOST_DEVICES = 4096
"""Along an axis."""
FIRST_DEVICE = "H100 80 GB"
CPU = "cpu"
DEVICES_SHOWN: Mapping[str, str] = {
    **{name: name for name in DEVICES},
    CPU: "This machine",
    OTHER: "A GPU of …",
}
ANY_GPU = FIRST_DEVICE
"""A step takes the same memory on every GPU: it is planned for one, and judged for each."""


def choose_device() -> Device | None:
    """The device; None while the memory that was typed cannot be read."""
    st.session_state.setdefault(key(SLOT, "device"), FIRST_DEVICE)
    chosen = choose("Device", DEVICES_SHOWN, key(SLOT, "device"))
    if chosen != OTHER:
        return device_named(chosen or FIRST_DEVICE)
    text = st.text_input(
        "Memory", "24GB", key=key(SLOT, "memory"), persist_state="session", placeholder="24GB"
    )
    try:
        return device_named(text)
    except InputError as error:
        st.error(plain(str(error)))
        return None


def edit_plan(model: JobSpec, device: Device, known: Outline | None) -> PlanSpec:
    """The plan that the widgets say; ``known`` is that of the same model, where there is one."""
    st.session_state.setdefault(key(SLOT, "goal"), "train")
    chosen: Goal | None = st.segmented_control(
        "What runs",
        list(GOALS),
        format_func=lambda goal: GOALS[goal],
        key=key(SLOT, "goal"),
        persist_state="session",
        required=True,
    )
    goal = chosen or "train"
    precision = choose("Precision", PRECISION, key(SLOT, "precision")) or "float32"
    made = PlanSpec(
        optimizer=None,
        precision=precision,
        device=ANY_GPU if device.is_gpu else CPU,
        batch=_size(model, "batch", "Batch", known),
        seq=_size(model, "seq", "Context", known),
        decode=goal == "decode",
        dp=_axis("dp"),
        tp=_axis("tp"),
    )
    return _training(model, made, known) if goal == "train" else made


def _axis(axis: str) -> int:
    """How many devices there are along an axis of the mesh."""
    label, help = AXES[axis]
    st.session_state.setdefault(key(SLOT, axis), 1)
    number = st.number_input(
        label,
        min_value=1,
        max_value=MOST_DEVICES,
        step=1,
        key=key(SLOT, axis),
        persist_state="session",
        help=f"{help} (FSDP2, parallelize_module).",
    )
    return int(number or 1)


def _size(model: JobSpec, what: str, label: str, known: Outline | None) -> int | None:
    """A size of one's own; None for that which the model comes with."""
    size = None if known is None else getattr(known, what)
    if known is not None and size is None:
        return None
    number = st.number_input(
        label,
        min_value=1,
        value=None,
        step=1,
        placeholder="" if size is None else f"{size:,}",
        key=of_model(model, what),
        persist_state="session",
    )
    return None if number is None else int(number)


def _training(model: JobSpec, made: PlanSpec, known: Outline | None) -> PlanSpec:
    optimizer = choose("Optimizer", OPTIMIZERS, key(SLOT, "optimizer")) or "adamw"
    checkpoint = _globs(
        of_model(model, "checkpoint"),
        "Compute again in the backward pass",
        () if known is None else known.blocks,
        "Modules whose inner results are not kept: less memory, more time.",
    )
    lora = _globs(
        of_model(model, "lora"),
        "Adapters (LoRA) on",
        () if known is None else known.layers,
        "Linear layers that get a low-rank adapter; all else is frozen.",
    )
    rank = USUAL_RANK
    if lora:
        st.session_state.setdefault(of_model(model, "rank"), USUAL_RANK)
        rank = st.select_slider(
            "Rank",
            RANKS,
            key=of_model(model, "rank"),
            persist_state="session",
        )
    return replace(made, optimizer=optimizer, checkpoint=checkpoint, lora=lora, lora_rank=rank)


def _globs(widget: str, label: str, suggested: tuple[str, ...], help: str) -> tuple[str, ...]:
    """Paths of modules, chosen or typed: ``model.layers.*``."""
    held: Any = st.session_state.get(widget) or []
    found = st.multiselect(
        label,
        list(dict.fromkeys((*suggested, *held))),
        key=widget,
        persist_state="session",
        accept_new_options=True,
        placeholder="None, or a path such as layers.*",
        help=help,
    )
    return tuple(found)


def of_model(model: JobSpec, name: str) -> str:
    """The name of a widget that belongs to this model: each keeps what was chosen for it."""
    return key(SLOT, f"{name}.{key_of(model)}")
