"""Types and devices that do not go together."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .corpus import JUNOBENCH, Made, broken

_DOUBLE = "https://duoke360.com/post/34139"
_DEVICE = "http://www.kouhan.cn/en/article/00014955"


@broken(r"\.float\(\)|float32", at="0", like=_DOUBLE)
def numpy_is_double() -> Made:
    """``from_numpy`` keeps float64."""
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    return model, torch.from_numpy(np.ones((5, 4)))


@broken(r"\.float\(\)|float32", at="conv", like=JUNOBENCH)
def pixels_as_bytes() -> Made:
    """Pictures as they are read."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.permute(0, 3, 1, 2)
            return self.conv(x)  # fails

    return Net(), torch.zeros(1, 8, 8, 3, dtype=torch.uint8)


@broken(r"device=x\.device|\.to\(.*device|zeros_like|new_zeros", at="", like=_DEVICE, device="cuda")
def noise_made_on_the_cpu() -> Made:
    """A tensor that the forward makes itself."""

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = nn.Linear(8, 2)
            self.dec = nn.Linear(4, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            z = self.enc(x)
            noise = torch.randn(z.size(0), 2)
            z = torch.cat([z, noise], dim=1)  # fails
            return self.dec(z)

    return VAE(), torch.randn(3, 8)


@broken(r"ModuleList|ModuleDict", at="", like=_DEVICE, device="cuda")
def layers_in_a_plain_list() -> Made:
    """``model.to(device)`` does not see into a list."""

    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(4, 2)
            self.experts = [nn.Linear(4, 4) for _ in range(2)]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            w = self.gate(x).softmax(-1)
            outs = [expert(x) for expert in self.experts]  # fails
            return sum(w[:, i : i + 1] * out for i, out in enumerate(outs))

    return Experts(), torch.randn(3, 4)


@broken(r"register_buffer", at="norm", like=_DEVICE, device="cuda")
def statistics_kept_as_an_attribute() -> Made:
    """A tensor as an attribute stays where it was made."""

    class Normalize(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mean = torch.tensor([0.5, 0.4, 0.4]).view(1, 3, 1, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x - self.mean  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = Normalize()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(self.norm(x))

    return Net(), torch.randn(1, 3, 8, 8)


@broken(r"\.half\(\)|\.float\(\)|float16", at="encoder.fc", like=_DOUBLE)
def half_a_model_in_half_precision() -> Made:
    """Part of the model was converted, and its input was not."""

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tanh(self.fc(x))  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Linear(6, 6)
            self.encoder = Encoder()
            self.encoder.half()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.encoder(self.stem(x))

    return Net(), torch.randn(2, 6)


@broken(r"\.float\(\)", at="", like=JUNOBENCH)
def mean_of_whole_numbers() -> Made:
    """Counts are whole numbers."""

    class Stats(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(1, 1)

        def forward(self, counts: torch.Tensor) -> torch.Tensor:
            m = counts.mean(dim=1, keepdim=True)  # fails
            return self.fc(m)

    return Stats(), torch.randint(0, 9, (3, 5))


@broken(r"\.bool\(\)|!= 0", at="", like=JUNOBENCH)
def mask_of_floats() -> Made:
    """A mask of zeros and ones is no boolean mask."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.fc(x).masked_fill(mask, 0.0)  # fails

    return Masked(), torch.randn(2, 4), torch.ones(2, 4)


@broken(r"\.long\(\)", at="", like=JUNOBENCH)
def one_hot_of_floats() -> Made:
    """Labels from a table of floats."""

    class Conditional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(13, 4)

        def forward(self, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
            hot = nn.functional.one_hot(label, 3)  # fails
            return self.fc(torch.cat([x, hot], dim=1))

    return Conditional(), torch.randn(2, 10), torch.tensor([0.0, 2.0])


@broken(r"give x the dtype float16, as all of the model has", at="fc", like=JUNOBENCH)
def a_float_input_of_a_half_model() -> Made:
    """The input's dtype is handed on by a scale, and meets a layer after it."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(8))
            self.fc = nn.Linear(8, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x * self.scale)  # fails

    return Net().half(), torch.randn(2, 8)


@broken(r"move both to one device", at="0", like=_DEVICE)
def an_input_that_has_no_data() -> Made:
    """An input on another device than the weights: ``meta``, which every machine has."""
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU()), torch.zeros(2, 4, device="meta")
