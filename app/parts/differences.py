"""What differs between two models, as tables by layer and by kind of layer."""

from __future__ import annotations

import pandas

from .outcome import Shown
from .table import shapes_text
from .wide import EXACT

FIGURES = {"num_params": "Parameters", "own_flops": "FLOPs"}


def by_layer(a: Shown, b: Shown) -> pandas.DataFrame:
    """The layers that only one of the models has, or that differ, in the order of the first."""
    both = _layers(a).merge(
        _layers(b), on="path", how="outer", suffixes=(" A", " B"), indicator="in", sort=False
    )
    fields = [name for name in _layers(a) if name != "path"]
    same = pandas.Series(True, index=both.index)
    for name in fields:
        left, right = both[f"{name} A"], both[f"{name} B"]
        same &= (left == right) | (left.isna() & right.isna())
    found = both[~same].copy()
    found["in"] = found["in"].map({"left_only": "A only", "right_only": "B only", "both": "Both"})
    columns = [f"{name} {side}" for name in fields for side in ("A", "B")]
    shown: pandas.DataFrame = found[["path", "in", *columns]].reset_index(drop=True)
    return shown


def by_kind(a: Shown, b: Shown) -> pandas.DataFrame:
    """How many layers of each class there are, and their figures, in both models."""
    both = (
        _kinds(a)
        .merge(_kinds(b), left_index=True, right_index=True, how="outer", suffixes=(" A", " B"))
        .fillna(0)
    )
    # Counts that one side lacks have become decimals; those beyond 64 bits stay so.
    whole = [name for name in both if both[name].abs().max() < EXACT]
    both = both.astype(dict.fromkeys(whole, int))
    for name in ("Layers", *FIGURES.values()):
        both[f"{name} B − A"] = both[f"{name} B"] - both[f"{name} A"]
    order = [
        f"{name} {side}" for name in ("Layers", *FIGURES.values()) for side in ("A", "B", "B − A")
    ]
    table: pandas.DataFrame = both[order].rename_axis("Class").reset_index()
    return table


def _layers(shown: Shown) -> pandas.DataFrame:
    rows = shown.rows.drop_duplicates("path")
    frame = pandas.DataFrame({"path": rows["path"], "Class": rows["class_name"]})
    if "output_size" in rows:
        frame["Output"] = [shapes_text(shapes) for shapes in rows["output_size"]]
    else:
        frame["Output"] = ""
    for name, title in FIGURES.items():
        frame[title] = rows.get(name, pandas.NA)
    inside: pandas.DataFrame = frame[frame["path"] != ""]
    return inside


def _kinds(shown: Shown) -> pandas.DataFrame:
    rows = shown.rows
    first = ~rows["repeated"]
    frame = pandas.DataFrame({"class": rows["class_name"], "Layers": first.astype(int)})
    for name, title in FIGURES.items():
        frame[title] = rows[name].fillna(0) if name in rows else 0
    sums: pandas.DataFrame = frame.groupby("class").sum()
    return sums
