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
