"""Slips in the code: names, calls, returns."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import JUNOBENCH, Made, broken


@broken(r"return", at="", like=JUNOBENCH)
def block_without_return() -> Made:
    """The forward of a block ends without ``return``."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.fc(x))

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()
            self.head = nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.block(x)
            return x.mean(1) + self.head(x)  # fails

    return Net(), torch.randn(3, 8)


@broken(r"self\.conv2\b|write conv2", at="", like=JUNOBENCH)
def attribute_misspelt() -> Made:
    """One letter less."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 2, 3)
            self.conv2 = nn.Conv2d(2, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv1(x)
            return self.cov2(x)  # fails

    return Net(), torch.randn(1, 1, 8, 8)


@broken(r"downsample is None|self\.downsample", at="", like=JUNOBENCH)
def layer_that_is_none() -> Made:
    """Made only where the widths differ, called always."""

    class Block(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(inp, out, 3, padding=1)
            self.downsample = nn.Conv2d(inp, out, 1) if inp != out else None

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            identity = self.downsample(x)  # fails
            return self.conv(x) + identity

    return Block(4, 4), torch.randn(1, 4, 5, 5)


@broken(r"rename foward|forward", at="", like=JUNOBENCH)
def forward_misspelt() -> Made:
    """``nn.Module`` finds no forward."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def foward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    return Net(), torch.randn(1, 2)


@broken(r"mask", at="decoder", like=JUNOBENCH)
def argument_forgotten() -> Made:
    """The inner module takes two."""

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.fc(x) * mask

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.decoder = Decoder()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.decoder(x)  # fails

    return Net(), torch.randn(1, 4)


@broken(r"loop|Sequential", at="layers", like=JUNOBENCH)
def module_list_called() -> Made:
    """A list is no layer."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)  # fails

    return Net(), torch.randn(3, 4)


@broken(r"F\.relu|nn\.ReLU\(\)\(|torch\.relu|make it .*in __init__", at="fc2", like=JUNOBENCH)
def class_called_in_place_of_function() -> Made:
    """``nn.ReLU(x)`` makes a module whose ``inplace`` is x."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(4, 8)
            self.fc2 = nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = nn.ReLU(self.fc1(x))
            return self.fc2(x)  # fails

    return Net(), torch.randn(3, 4)


@broken(r"super\(\)\.__init__\(\)", at="", like=JUNOBENCH)
def super_forgotten_in_a_block() -> Made:
    """A block without layers of its own gets through its construction."""

    class Scale(nn.Module):
        def __init__(self, factor: float) -> None:
            self.factor = factor

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.factor

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.scale = Scale(0.5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.scale(self.fc(x))

    return Net(), torch.randn(2, 4)


@broken(r"F\.relu|nn\.Tanh\(\)\(|make.*first", at="", like=JUNOBENCH)
def activation_added_before_it_is_applied() -> Made:
    """A layer is added to a tensor."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = nn.Tanh()
            return x + h  # fails

    return Net(), torch.randn(2, 4)


@broken(r"x\.shape\[0\]|size\(0\)|round brackets", at="", like=JUNOBENCH)
def size_with_square_brackets() -> Made:
    """``size`` is a method."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(12, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.view(x.size[0], -1)  # fails
            return self.fc(x)

    return Net(), torch.randn(2, 3, 4)


@broken(r"in a list|\[.*\]", at="", like=JUNOBENCH)
def tensors_not_in_a_list() -> Made:
    """``cat`` takes one list."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat(self.a(x), self.b(x), dim=1)  # fails

    return Net(), torch.randn(2, 4)


@broken(r"leave out|takes 1 argument", at="block", like=JUNOBENCH)
def one_argument_too_many() -> Made:
    """The mask is passed to a block that takes none."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.block(x, mask)  # fails

    return Net(), torch.randn(2, 4), torch.ones(2)


@broken(r"import torch\.nn\.functional as F", at="", like=JUNOBENCH)
def functional_not_imported() -> Made:
    """``F`` is used before it is imported."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return F.relu(self.fc(x))  # noqa: F821  # fails

    return Net(), torch.randn(2, 4)


@broken(r"shape.*\[2, 4\]|unsqueeze|2 dimensions|the shape has", at="", like=JUNOBENCH)
def three_sizes_of_two() -> Made:
    """Written for sequences, given single vectors."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            B, T, C = x.shape  # fails
            return self.fc(x).view(B * T, C)

    return Net(), torch.randn(2, 4)


@broken(r"out of place|clone\(\)|no_grad", at="memory", like=JUNOBENCH)
def parameter_written_in_the_forward() -> Made:
    """A memory that is a parameter is updated in place."""

    class Memory(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slots = nn.Parameter(torch.zeros(4, 8))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.slots[0] = x.mean(0)  # fails
            return x @ self.slots.T

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)
            self.memory = Memory()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.memory(self.fc(x))

    return Net(), torch.randn(3, 8)


@broken(r"relu", at="", like=JUNOBENCH)
def function_misspelt() -> Made:
    """Functions are written small."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.Relu(self.fc(x))  # fails

    return Net(), torch.randn(2, 4)


@broken(r"shape\[0\]|size\(0\)", at="", like=JUNOBENCH)
def shape_with_round_brackets() -> Made:
    """``shape`` is no method."""

    class Net(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.reshape(x.shape(0), -1)  # fails

    return Net(), torch.randn(2, 4, 2)


@broken(r"^scaled takes 1 argument, and got 2", at="")
def helper_given_one_more() -> Made:
    """A plain function has no ``self`` to add."""

    def scaled(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    class Net(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return scaled(x, 3)  # fails

    return Net(), torch.randn(2, 4)


@broken(r"is a file or package of Python", at="")
def package_called() -> Made:
    """A module of functions is called in place of one of them."""

    class Net(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn(x)  # fails

    return Net(), torch.randn(2, 4)


@broken(r"torch\.where", at="", like=JUNOBENCH)
def a_condition_on_each_element() -> Made:
    """Python asks many elements for one answer."""

    class Gate(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x > 0.5:  # fails
                return x
            return -x

    return Gate(), torch.randn(2, 10)


@broken(r"it gives 4, and 3 are named", at="", like=JUNOBENCH)
def three_names_for_four_chunks() -> Made:
    """Queries, keys and values of one layer, cut into four."""

    class Fused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(24, 48)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k, v = self.qkv(x).chunk(4, -1)  # fails
            return q + k + v

    return Fused(), torch.randn(2, 6, 24)


@broken(r"from 0 to 7 in dimension 1", at="", like=JUNOBENCH)
def written_beyond_the_end() -> Made:
    """A place that is written, and is not there."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.fc(x)
            h[:, 10] = 0  # fails
            return h

    return Masked(), torch.randn(2, 8)


@broken(r"torch\.from_numpy", at="fc", like=JUNOBENCH)
def an_array_of_numpy_for_a_layer() -> Made:
    """What NumPy made goes into a layer as it is."""

    class Arrays(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x.numpy())  # fails

    return Arrays(), torch.randn(2, 4)


@broken(r"\[1, 3, 32, 32\]: the model is made for 32, not 48", at="patches", like=JUNOBENCH)
def a_size_that_the_model_refuses() -> Made:
    """A check of the model's own, which names both sizes."""

    class Patches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.size = 32
            self.proj = nn.Conv2d(3, 8, 8, stride=8)

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            if image.shape[-1] != self.size:
                raise ValueError(f"image size {image.shape[-1]} is not {self.size}.")  # fails
            return self.proj(image)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = Patches()

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.patches(image)

    return Net(), torch.randn(1, 3, 48, 48)


@broken(r"give 3 dimensions, not 2: the input x is \[2, 8\]", at="", like=JUNOBENCH)
def dimensions_that_the_model_asks_for() -> Made:
    """An assertion of the model's own, on the number of dimensions."""

    class Strict(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            assert x.ndim == 3, "need a sequence"  # fails
            return x.mean(1)

    return Strict(), torch.randn(2, 8)
