"""Shapes that a layer takes as its input, the most usual first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy

from ..tracing.members import config_of
from ..tracing.modules import walk
from ..tracing.names import dtype_name
from ..tracing.torch_internals import ConvNd, NormBase, parameters_of
from .patterns import pattern_of, shapes_of
from .proposal import Setting

SEQUENCE = 32
"""Length of a proposed sequence."""
SECOND = 16000
"""How many numbers a second of sound has, as most models of speech take it."""
FRAMES = 8
"""How many pictures a proposed sequence of pictures has."""

# Sides of images: of ImageNet, CIFAR, MNIST and their like, then what small networks that
# flatten an image may need.
_COLOUR_SIDES = (224, 32, 64, 256, 128, 28, 96, 299, 384, 512, 227, 48, 84, 112, 160, 192, 16, 8)
_GREY_SIDES = (28, 32, 224, 64, 128, 256, 16, 8)
_LATENT_SIDES = (64, 32, 16, 8, 128, 224)
_LENGTHS = (1024, 128, 256, 512, 64, 32, 100, 1000, 2048, 4096, SECOND)
SIDES = tuple(sorted({*_COLOUR_SIDES, *_LATENT_SIDES, *_LENGTHS}))
"""Usual sides of images and lengths of signals."""

# A kernel of this length and more is for raw sound; and how long a table is that has a kernel's
# width.
_LONG, _TABLE = 16, 128
_MANY = 8
"""From how many on, the height of a kernel without width is that of all there is."""
_LAZY_CHANNELS, _LAZY_FEATURES = 3, 16
_WIDTHS = (
    *("in_features", "in_channels", "input_size", "input_dim", "in_dim", "input_features", "d_in"),
    *("n_features", "num_features", "feature_dim", "obs_dim", "state_dim", "n_inputs", "n_in"),
    *("latent_dim", "z_dim", "nz", "noise_dim", "d_model", "embed_dim", "hidden_size", "dim"),
)
"""Names that people give to the width of an input, the plainest first."""


@dataclass(frozen=True, slots=True)
class Option:
    """A shape and dtype that may fit, and why; ``value`` is set where it is no tensor.

    ``filled`` is what every number of the tensor has to be, where that matters.
    """

    shape: tuple[int, ...]
    dtype: str
    why: str
    value: Setting | None = None
    filled: int | None = None

    @property
    def given(self) -> tuple[object, ...]:
        """What is given, without the reason."""
        return self.shape, self.dtype, self.value, self.filled


def options(layer: nn.Module, path: str, dtype: str) -> list[Option]:
    """What the layer at ``path`` may take, floats as ``dtype``; empty if unknown."""
    why = f"{path or 'the model'} is {type(layer).__name__}({_sizes(layer)})"
    if isinstance(layer, (nn.Embedding, nn.EmbeddingBag)):
        shapes = ((1, SEQUENCE), (1,), (SEQUENCE, 1), (SEQUENCE,), (1, 4, SEQUENCE))
        return [Option(shape, "int64", why) for shape in shapes]
    dtypes = [dtype, "quint8"] if _takes_quantized(layer) else [dtype]
    return [Option(shape, kind, why) for shape in _shapes(layer) for kind in dtypes]


def electrodes(model: nn.Module, dtype: str) -> list[Option]:
    """A table of signals, where one kernel goes along them and another is as high as all of them.

    Empty where the first kernels of the model are for something else.
    """
    kernels = [(path, layer) for path, layer in walk(model) if isinstance(layer, nn.Conv2d)]
    if not kernels or kernels[0][1].kernel_size[0] > 1:
        return []
    for path, layer in kernels[1:]:
        tall, wide = layer.kernel_size
        if tall >= _MANY and wide == 1:
            shape = (1, kernels[0][1].in_channels, tall, 1000)
            return [Option(shape, dtype, f"the kernel of {path} is as high as {tall} signals")]
    return []


def told(model: nn.Module, dtype: str) -> list[Option]:
    """What the model's own attributes and weights say of its input; empty where they say nothing.

    For models without a layer that PyTorch knows.
    """
    found = []
    side = _number(model, ("img_size", "image_size"))
    if side is not None:
        channels = _number(model, ("in_channels", "in_chans", "num_channels", "channels")) or 3
        why = f"the model has images of {side} × {side}"
        found.append(Option((1, channels, side, side), dtype, why))
    for name in _WIDTHS:
        width = _number(model, (name,))
        if width is not None:
            why = f"the model has {name}={width}"
            found += [Option((1, width), dtype, why), Option((1, SEQUENCE, width), dtype, why)]
            break
    return found + _by_a_weight(model, dtype)


def _by_a_weight(model: nn.Module, dtype: str) -> list[Option]:
    """What the first weight of the model itself is for: the first matrix, else what there is."""
    weights = [
        (name, tuple(weight.shape))
        for name, weight in parameters_of(model).items()
        if weight is not None and not is_lazy(weight)
    ]
    for rank in (2, 3, 1):
        for name, shape in weights:
            if len(shape) == rank and max(shape) > 1:
                why = f"{name} is {list(shape)}"
                if rank == 2:
                    return [Option((1, size), dtype, why) for size in shape]
                # A matrix for each of several things; or a scale for what is as wide.
                sizes = shape if rank == 1 else (shape[1], shape[2], shape[0])
                return [Option((1, SEQUENCE, size), dtype, why) for size in sizes]
    return []


def _number(model: nn.Module, names: tuple[str, ...]) -> int | None:
    for name in names:
        value = vars(model).get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _shapes(layer: nn.Module) -> Iterator[tuple[int, ...]]:
    if isinstance(layer, ConvNd):
        channels = layer.in_channels or _LAZY_CHANNELS
        yield from _of_kernel(channels, layer)
        yield from _images(channels, len(layer.kernel_size), layer.transposed)
    elif isinstance(layer, nn.Linear):
        width = layer.in_features or _LAZY_FEATURES
        yield from ((1, width), (1, SEQUENCE, width))
    elif _is_quantized(layer):
        yield from _quantized_shapes(layer)
    elif (pattern := pattern_of(layer)) is not None:
        yield from shapes_of(*pattern, _COLOUR_SIDES)
    elif isinstance(layer, nn.Bilinear):
        yield (1, layer.in1_features)
    elif isinstance(layer, nn.RNNBase):
        yield sequence(layer.input_size, layer.batch_first)
    elif isinstance(layer, nn.RNNCellBase):
        yield from ((1, layer.input_size), (1, SEQUENCE, layer.input_size))
    elif isinstance(layer, nn.MultiheadAttention):
        yield sequence(layer.embed_dim, layer.batch_first)
    elif isinstance(layer, nn.Transformer):
        yield sequence(layer.d_model, layer.batch_first)
    elif isinstance(layer, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
        yield sequence(layer.self_attn.embed_dim, layer.self_attn.batch_first)
    elif isinstance(layer, nn.LayerNorm):
        yield from ((1, *layer.normalized_shape), (1, SEQUENCE, *layer.normalized_shape))
    elif isinstance(layer, nn.GroupNorm):
        yield from _images(layer.num_channels, 2, False)
    elif isinstance(layer, NormBase):
        dimensions = {"1d": 1, "2d": 2, "3d": 3}.get(type(layer).__name__[-2:], 2)
        channels = layer.num_features or _LAZY_CHANNELS
        if dimensions == 1:
            yield (2, channels)
        yield from _images(channels, dimensions, False)


def _quantized_shapes(layer: Any) -> Iterator[tuple[int, ...]]:
    """What a layer of ``torch.ao`` takes, which is of no class of ``torch.nn``."""
    if isinstance(getattr(layer, "in_features", None), int):
        yield from ((1, layer.in_features), (1, SEQUENCE, layer.in_features))
    elif isinstance(getattr(layer, "in_channels", None), int):
        yield from _images(layer.in_channels, len(layer.kernel_size), False)


def _is_quantized(layer: nn.Module) -> bool:
    return type(layer).__module__.startswith("torch.ao.nn.quantized.")


def _takes_quantized(layer: nn.Module) -> bool:
    """Whether the layer takes whole numbers with a scale; one that quantizes each time does not."""
    return _is_quantized(layer) and ".dynamic." not in type(layer).__module__


def _of_kernel(channels: int, layer: ConvNd) -> Iterator[tuple[int, ...]]:
    """What a kernel is for that has the length of a piece of sound, or the width of a table."""
    sizes = layer.kernel_size
    if len(sizes) == 1 and channels == 1 and sizes[0] >= _LONG:
        yield (1, channels, SECOND)
    if len(sizes) == 2 and not layer.transposed and max(sizes) >= 2 * min(sizes) > 2:
        tall, wide = sizes
        yield from ((1, channels, tall, _TABLE), (1, channels, _TABLE, wide))


def _images(channels: int, dimensions: int, transposed: bool) -> Iterator[tuple[int, ...]]:
    """Batches of signals, images or volumes with so many channels."""
    if dimensions == 1:
        for length in _LENGTHS:
            yield (1, channels, length)
        yield (1, 128, channels)
    elif dimensions == 2:
        usual = _GREY_SIDES if channels == 1 else _COLOUR_SIDES if channels == 3 else _LATENT_SIDES
        sides = (1, 4, 7, *usual) if transposed else usual
        for side in sides:
            yield (1, channels, side, side)
        yield (1, sides[0], sides[0], channels)  # channels last
    else:
        for frames, side in ((16, 112), (16, 224), (8, 64), (32, 32), (32, 224), (64, 64)):
            yield (1, channels, frames, side, side)


def sequence(width: int, batch_first: bool) -> tuple[int, ...]:
    """The shape of a sequence of so many numbers each."""
    return (1, SEQUENCE, width) if batch_first else (SEQUENCE, 1, width)


def _sizes(layer: nn.Module) -> str:
    """The first sizes that the layer prints, or what its pattern takes."""
    if (pattern := pattern_of(layer)) is not None:
        return pattern[0].partition("->")[0].strip()
    return ", ".join(part for part in config_of(layer).split(", ")[:2])


def float_dtype(model: nn.Module) -> str:
    """The name of the dtype of the model's first floating-point parameter."""
    for _, module in walk(model):
        for parameter in parameters_of(module).values():
            if parameter is not None and parameter.is_floating_point():
                return dtype_name(parameter.dtype)
    return "float32"
