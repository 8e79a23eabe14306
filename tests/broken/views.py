"""Views and dimensions."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import PYTEA, Made, broken

_STRIDE = "https://www.marioraach.de/en/blog/pytorch-transpose-view"


@broken(r"reshape|contiguous", at="attn", like=_STRIDE)
def view_after_transpose() -> Made:
    """Heads are brought back together."""

    class Attn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(12, 12)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            b, t, c = x.shape
            y = self.qkv(x).view(b, t, 3, c // 3).transpose(1, 2)
            y = y.transpose(1, 2).transpose(2, 3)
            return y.view(b, t, c)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attn = Attn()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.attn(x)

    return Net(), torch.randn(2, 5, 12)


@broken(r"x\.shape\[0\]|size\(0\)|\(-1, ", at="", like=PYTEA)
def batch_size_written_out() -> Made:
    """The last batch is smaller."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(20, 12)
            self.deconv = nn.ConvTranspose2d(3, 1, 2, stride=2)

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            h = self.fc(z).view(32, 3, 2, 2)  # fails
            return self.deconv(h)

    return Net(), torch.randn(7, 20)


@broken(r"\b4 dimensions|all 4|x\.permute\(0,", at="", like=PYTEA)
def permute_without_the_batch() -> Made:
    """Written for one picture."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x.permute(2, 0, 1))  # fails

    return Net(), torch.randn(2, 8, 8, 3)


@broken(r"split.*add up to 24|adds? up to 24", at="proj", like=PYTEA)
def split_into_parts_that_do_not_add_up() -> Made:
    """Queries, keys and values of eight, where there are 24 in all, as two parts."""

    class Proj(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(8, 24)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q, k = torch.split(self.qkv(x), [8, 8], dim=-1)  # fails
            return q * k

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = Proj()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.proj(x)

    return Net(), torch.randn(2, 5, 8)


@broken(r"\b(multiple of 4|8) channels|channels.*\b8\b", at="shuffle", like=PYTEA)
def pixel_shuffle_of_too_few_channels() -> Made:
    """Twice the size needs four times the channels."""

    class Upscale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3, padding=1)
            self.shuffle = nn.PixelShuffle(2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.shuffle(self.conv(x))  # fails

    return Upscale(), torch.randn(1, 3, 4, 4)


@broken(r"-2 to 1|\[6, 5\]|unsqueeze\(0\)", at="", like=PYTEA)
def transpose_of_a_dimension_too_many() -> Made:
    """A sequence without its batch."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(5, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x).transpose(1, 2)  # fails

    return Net(), torch.randn(6, 5)


@broken(r"write 85 in place of 80", at="", like=PYTEA)
def one_size_of_a_view_is_wrong() -> Made:
    """Boxes of eighty classes, and five numbers more."""

    class Detect(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Conv2d(3, 3 * 85, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x).view(2, 3, 80, 8, 8)  # fails

    return Detect(), torch.randn(2, 3, 8, 8)


@broken(r"x\.transpose\(1, 2\)\.reshape\(2, 9, 64\)", at="", like=PYTEA)
def heads_put_together_before_they_are_turned_back() -> Made:
    """A reshape in place of the view would mix heads and positions."""

    class Merge(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = x.view(2, 9, 4, 16).transpose(1, 2)
            return h.view(2, 9, 64)  # fails

    return Merge(), torch.randn(2, 9, 64)
