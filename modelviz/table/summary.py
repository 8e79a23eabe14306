"""``summary``: a model as a table whose every number is right."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..collecting import collecting_seldom
from ..errors import InputError, TraceError
from ..graph import ModelGraph
from ..unknown import options_told_apart
from .columns import measured_columns
from .kept import graph_of
from .options import check_mode, check_options, check_verbose
from .result import Summary

if TYPE_CHECKING:
    import torch
    from torch import nn


@collecting_seldom()
def summary(
    model: nn.Module | ModelGraph,
    input_size: Any = None,
    input_data: Any = None,
    batch_dim: int | None = None,
    cache_forward_pass: bool | None = None,
    col_names: Iterable[str] | None = None,
    col_width: int = 25,
    depth: int | None = 3,
    device: torch.device | str | None = None,
    dtypes: Sequence[torch.dtype] | None = None,
    mode: str | None = None,
    row_settings: Iterable[str] | None = None,
    verbose: int | None = None,
    *,
    method: str = "forward",
    execution: Any = "auto",
    fold: bool = True,
    dims: Any = None,
    **kwargs: Any,
) -> Summary:
    """The table of a model: its layers, shapes, parameters and compute; printed as well.

    The arguments up to ``verbose`` are those of ``torchinfo.summary``, in its order and with its
    meaning. Without ``input_size`` and ``input_data``, inputs that the model seems to take are
    tried, and the table says which it is about; where none run, or with ``execution="none"``, it
    holds what the modules alone tell. In place of a model, a ModelGraph from ``modelviz.trace``
    will do.

    Args:
        model: The model, or its graph.
        input_size: Shape of the input, batch included, or a sequence of shapes.
        input_data: A tensor, a sequence of positional arguments or a dict of keyword arguments.
        batch_dim: Where to insert a batch dimension of 1 into ``input_size``.
        cache_forward_pass: Keep the graph for the next summary of this model, as long as the
            model's ``repr`` and the shapes of the inputs stay the same.
        col_names: Columns to show. torchinfo's: ``kernel_size``, ``input_size``, ``output_size``,
            ``num_params``, ``params_percent``, ``mult_adds``, ``trainable``; in ``num_params``,
            ``params_percent`` and ``mult_adds``, a module whose rows are shown below it has what
            is its own. Ours include what is inside: ``total_params``, ``trainable_params``,
            ``param_bytes``, ``buffer_bytes``, ``flops``, ``flops_percent``, ``macs``,
            ``bytes_read``, ``bytes_written``, ``intensity``, ``input_bytes``, ``output_bytes``,
            ``memory``, ``seconds`` (where measured), ``ops``; figures put on the graph, by their
            names; and ``own_params``, ``own_flops``, ``calls``, ``dtype``,
            ``device``, ``path``, ``class``, ``config``, ``mode``, ``shared_with``, ``source``.
        col_width: Width of each column in characters; a longer cell makes it wider.
        depth: Levels of modules to show, the model itself being level 0; None shows all.
        device: Where to run the forward.
        dtypes: Types of the inputs that ``input_size`` describes.
        mode: ``"eval"`` (the default) or ``"train"``; the model is left as it was.
        row_settings: ``depth`` (the default), ``var_names``, ``ascii_only``,
            ``hide_recursive_layers``.
        verbose: 0 prints nothing, 1 (the default outside of interactive sessions) the table,
            2 the table with every parameter and its shape.
        method: The method of the model to call.
        execution: ``"fake"`` to run by shapes alone, ``"real"`` to compute, ``"auto"`` to choose,
            ``"none"`` to run no forward.
        fold: Show a run of equal blocks once, marked ``× N``.
        dims: Names for the sizes of the inputs, as for ``modelviz.formulas``:
            ``{"input_ids": ("batch", "seq")}``. Shapes are then ``[batch, seq, 768]``, figures
            those of the given sizes.
        **kwargs: Further arguments of the forward.

    Raises:
        InputError: An argument cannot be used.
        TraceError: The forward failed; the table up to the failing layer is printed first.
    """
    default = 0 if hasattr(sys, "ps1") and sys.ps1 else 1
    level = check_verbose(verbose, default)
    inputs = {"input_size": input_size, "input_data": input_data, **kwargs}
    options_of = partial(
        check_options,
        col_names=_kept(col_names),
        col_width=col_width,
        depth=depth,
        row_settings=_kept(row_settings),
        verbose=level,
        fold=fold,
    )
    # Whether a forward runs is known after it; what is wrong in the rest is told before.
    options = options_of(
        has_forward=_may_have_forward(model, inputs, execution),
        measures=measured_columns(model) if isinstance(model, ModelGraph) else (),
    )
    try:
        with options_told_apart(summary, kwargs):
            graph = graph_of(
                model,
                inputs,
                bool(cache_forward_pass),
                batch_dim=batch_dim,
                device=device,
                dtypes=dtypes,
                mode=check_mode(mode),
                method=method,
                execution=execution,
            )
    except TraceError as error:
        if level:
            Summary(error.graph, options).print()
        raise
    if dims is not None:
        from ..growth.named_shapes import name_shapes

        graph = name_shapes(
            graph,
            model,
            dims=dims,
            batch_dim=batch_dim,
            dtypes=dtypes,
            mode=mode,
            method=method,
            execution=execution,
            **inputs,
        )
    result = Summary(
        graph,
        options_of(has_forward=graph.execution != "none", measures=measured_columns(graph)),
    )
    if level:
        result.print()
    return result


def _kept(names: Any) -> Any:
    """The names, to be read twice also where they come from a generator."""
    return list(names) if isinstance(names, Iterator) else names


def _may_have_forward(
    model: nn.Module | ModelGraph, inputs: Mapping[str, Any], execution: Any
) -> bool:
    """Whether a forward was or may be run. Raises InputError for inputs of a finished graph."""
    given = [name for name, value in inputs.items() if value is not None]
    if not isinstance(model, ModelGraph):
        return bool(execution != "none")
    if given:
        raise InputError(
            f"a ModelGraph has its inputs in it: leave out {', '.join(given)}, or give the model"
        )
    return model.execution != "none"


__all__ = ["Summary", "summary"]
