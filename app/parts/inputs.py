"""The widgets for the inputs of the forward, and for how to run it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from modelviz import InputError
from modelviz.jobs import InputSpec, JobSpec
from modelviz.jobs.spec import Execution, Mode
from modelviz.parsing import parse_shape

from .choice import choose
from .outcome import Outcome
from .server import visitor
from .specs import key_of, timed
from .state import Slot, key, value
from .text import plain

DTYPES = (
    "float32",
    "float16",
    "bfloat16",
    "float64",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "bool",
    "complex64",
)
MOST_INPUTS = 8
EXECUTION: Mapping[Execution, str] = {
    "auto": "Automatic",
    "fake": "By shapes alone",
    "real": "For real",
}
MODE: Mapping[Mode, str] = {"eval": "Evaluation", "train": "Training"}


@dataclass(frozen=True, slots=True)
class Field:
    """One input as it is offered for editing."""

    name: str | None
    shape: str
    dtype: str
    why: str = ""


def edit_forward(slot: Slot, spec: JobSpec) -> JobSpec | None:
    """The job with the inputs and the running that are chosen; None while one cannot be read."""
    fed = _edit_inputs(slot, spec)
    return None if fed is None else _edit_running(slot, fed)


def _edit_inputs(slot: Slot, spec: JobSpec) -> JobSpec | None:
    """The job with the inputs that the fields hold; None while one of them cannot be read.

    The fields are filled once the model was run with its own inputs.
    """
    first = visitor().outcome(spec) or visitor().outcome(timed(spec))
    if first is None:
        st.caption("Inputs are proposed as soon as the model is there.")
        return spec
    fields = _fields(first)
    count = len(fields)
    if not fields:
        st.caption("No inputs could be proposed for this model. Say how many it takes:")
        count = int(
            st.number_input(
                "Number of inputs",
                0,
                MOST_INPUTS,
                key=_key(slot, spec, "count"),
                persist_state="session",
            )
        )
        fields = [Field(None, "", "float32") for _ in range(count)]
    given = [_field(slot, spec, place, field) for place, field in enumerate(fields)]
    if any(one is None for one in given):
        return None
    inputs = tuple(one for one in given if one is not None)
    return spec if not inputs or inputs == _specs(fields) else replace(spec, inputs=inputs)


def _edit_running(slot: Slot, spec: JobSpec) -> JobSpec:
    """The job with the execution and the mode that are chosen."""
    execution = choose(
        "Forward",
        EXECUTION,
        key(slot, "execution"),
        "By shapes alone takes no time and no memory. For real computes every number. "
        "Automatic does the first where it can.",
    )
    mode = choose("Mode", MODE, key(slot, "mode"))
    return replace(spec, execution=execution or "auto", mode=mode or "eval")


def _field(slot: Slot, spec: JobSpec, place: int, field: Field) -> InputSpec | None:
    """The input that the widgets hold, None where it cannot be read."""
    shape_key, dtype_key = _key(slot, spec, f"{place}.shape"), _key(slot, spec, f"{place}.dtype")
    linked = value(slot, "linked.inputs", ())
    if place < len(linked) and shape_key not in st.session_state:
        st.session_state[shape_key], st.session_state[dtype_key] = linked[place]
    st.session_state.setdefault(shape_key, field.shape)
    st.session_state.setdefault(dtype_key, field.dtype)
    left, right = st.columns([5, 4], gap="small")
    name = field.name or f"input {place + 1}"
    text = left.text_input(
        plain(name),
        key=shape_key,
        persist_state="session",
        help=plain(field.why) or None,
        placeholder="1, 3, 224, 224",
    )
    dtypes = DTYPES if field.dtype in DTYPES else (*DTYPES, field.dtype)
    if st.session_state[dtype_key] not in dtypes:
        st.session_state[dtype_key] = field.dtype
    dtype = right.selectbox("Type", dtypes, key=dtype_key, persist_state="session")
    try:
        return InputSpec(parse_shape(text or ""), dtype or field.dtype, field.name)
    except InputError as error:
        st.error(plain(str(error)))
        return None


def _fields(outcome: Outcome) -> list[Field]:
    """The fields: what the model was run with, or else what was proposed for it."""
    why = {proposal.name: proposal.why for proposal in outcome.result.proposals}
    used: Sequence[InputSpec] = outcome.result.inputs
    if used:
        return [
            Field(i.name, shape_text(i.shape), i.dtype, why.get(i.name or "", "")) for i in used
        ]
    return [Field(p.name, shape_text(p.shape), p.dtype, p.why) for p in outcome.result.proposals]


def _specs(fields: Sequence[Field]) -> tuple[InputSpec, ...]:
    return tuple(InputSpec(parse_shape(f.shape), f.dtype, f.name) for f in fields if f.shape)


def shape_text(shape: Sequence[int]) -> str:
    """``1, 3, 224, 224``."""
    return ", ".join(map(str, shape))


def _key(slot: Slot, spec: JobSpec, name: str) -> str:
    """The name of a widget that belongs to this model: each keeps what was typed for it."""
    return key(slot, f"in.{key_of(replace(spec, execution='auto', mode='eval'))}.{name}")
