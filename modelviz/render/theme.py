"""Colours and fonts: ``light``, ``dark`` and ``paper``, and the scale of a heat map.

The colours of the kinds are Paul Tol's "light" scheme, made to carry dark text and to be told
apart with any colour vision; the heat maps are his "YlOrBr" and "BuRd". https://personal.sron.nl/~pault/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..unknown import chosen
from ..view.document import Kind, Tone

_HUES: dict[Kind, str] = {
    "convolution": "#77aadd",
    "linear": "#ee8866",
    "normalisation": "#bbcc33",
    "activation": "#eedd88",
    "attention": "#ffaabb",
    "embedding": "#44bb99",
    "pooling": "#99ddff",
    "recurrent": "#aaaa00",
    "reshape": "#c4b7e0",
    "arithmetic": "#b9bfc9",
    "dropout": "#dcdfe4",
    "block": "#94a3b8",
    "several": "#94a3b8",
    "input": "#475569",
    "output": "#475569",
    "weight": "#8a94a6",
    "unused": "#b9bfc9",
    "other": "#dcdfe4",
}
_HEAT = (
    "#ffffe5",
    "#fff7bc",
    "#fee391",
    "#fec44f",
    "#fb9a29",
    "#ec7014",
    "#cc4c02",
    "#993404",
    "#662506",
)
_DIVERGING = (
    "#2166ac",
    "#4393c3",
    "#92c5de",
    "#d1e5f0",
    "#f7f7f7",
    "#fddbc7",
    "#f4a582",
    "#d6604d",
    "#b2182b",
)

LEGEND: tuple[Kind, ...] = (
    "convolution",
    "linear",
    "attention",
    "recurrent",
    "embedding",
    "normalisation",
    "activation",
    "pooling",
    "reshape",
    "arithmetic",
    "dropout",
)
"""The kinds that a legend explains, in its order."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Everything that a picture's look depends on. Colours are ``#rrggbb``."""

    name: str
    family: str
    background: str
    text: str
    muted: str
    edge: str
    group_fill: tuple[str, str]
    group_line: str
    line: float
    hues: Mapping[Kind, str]
    tint: float
    error: str
    lit: str
    tones: Mapping[Tone, str]
    coloured: bool = True

    @property
    def css_family(self) -> str:
        """The fonts for a browser, those with the metrics of the layout first."""
        if self.family == "serif":
            return "'Liberation Serif', 'Times New Roman', Times, Tinos, serif"
        return "'Liberation Sans', Helvetica, Arial, Arimo, sans-serif"

    def fill(self, kind: Kind) -> str:
        """The colour of a node of a kind: its hue, thinned with the background."""
        return mix(self.hues[kind], self.background, self.tint)


def heat(share: float) -> str:
    """The colour of a place on the scale of a heat map, 0 to 1."""
    return _between(_HEAT, share)


def diverging(share: float) -> str:
    """The same on a scale with 0 in its middle."""
    return _between(_DIVERGING, share)


def _between(stops: Sequence[str], share: float) -> str:
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    index = min(int(place), len(stops) - 2)
    return mix(stops[index], stops[index + 1], place - index)


@lru_cache(1 << 12)
def mix(a: str, b: str, share: float) -> str:
    """The colour on the way from ``a`` to ``b``: ``a`` at 0, ``b`` at 1."""
    left, right = _channels(a), _channels(b)
    mixed = (round(x + (y - x) * share) for x, y in zip(left, right, strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def readable_on(fill: str) -> str:
    """Dark or light, whichever can be read on a fill."""
    red, green, blue = _channels(fill)
    return "#1c2430" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


_PAPER_HUES: dict[Kind, str] = {kind: "#ffffff" for kind in _HUES} | {
    "convolution": "#d4d4d4",
    "linear": "#e4e4e4",
    "attention": "#c4c4c4",
    "recurrent": "#c4c4c4",
    "embedding": "#ececec",
    "block": "#e4e4e4",
    "several": "#e4e4e4",
}

THEMES = {
    theme.name: theme
    for theme in (
        Theme(
            name="light",
            family="sans",
            background="#ffffff",
            text="#1c2430",
            muted="#5b6675",
            edge="#5b6675",
            group_fill=("#f6f7f9", "#edeff3"),
            group_line="#cbd2dc",
            line=0.8,
            hues=_HUES,
            tint=0.55,
            error="#b3261e",
            lit="#b26a00",
            tones={
                "added": "#007a5a",
                "removed": "#c24e00",
                "changed": "#0060a0",
                "error": "#b3261e",
                "warning": "#8a5a00",
                "info": "#44597a",
            },
        ),
        Theme(
            name="dark",
            family="sans",
            background="#12161d",
            text="#e8ebf0",
            muted="#a3adbb",
            edge="#8b96a6",
            group_fill=("#1a2029", "#222a35"),
            group_line="#3a4453",
            line=0.8,
            hues=_HUES,
            tint=0.68,
            error="#ff7a70",
            lit="#ffc15e",
            tones={
                "added": "#35c99f",
                "removed": "#ff9a57",
                "changed": "#69b7ee",
                "error": "#ff7a70",
                "warning": "#f0b43c",
                "info": "#a9bbd6",
            },
        ),
        Theme(
            name="paper",
            family="serif",
            background="#ffffff",
            text="#000000",
            muted="#3d3d3d",
            edge="#000000",
            group_fill=("#ffffff", "#ffffff"),
            group_line="#6b6b6b",
            line=0.7,
            hues=_PAPER_HUES,
            tint=0.0,
            error="#a00000",
            lit="#7a5200",
            tones={
                "added": "#005a40",
                "removed": "#8a3800",
                "changed": "#004878",
                "error": "#a00000",
                "warning": "#6b4500",
                "info": "#3d4a5c",
            },
            coloured=False,
        ),
    )
}


def theme_named(name: str | Theme) -> Theme:
    """The theme of that name. Raises InputError when there is none."""
    if isinstance(name, Theme):
        return name
    return THEMES[chosen("theme", name, THEMES)]
