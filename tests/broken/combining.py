"""Tensors that are added, multiplied or put side by side."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import JUNOBENCH, PYTEA, Made, broken

_UNET = "https://github.com/ptrblck/pytorch_misc/issues/2"


@broken(r"interpolate|pad|crop", at="up1", like=_UNET)
def skip_of_an_odd_size() -> Made:
    """Thirty-five pixels, halved and doubled, are thirty-four."""

    class Up(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.up = nn.ConvTranspose2d(channels, channels // 2, 2, stride=2)
            self.conv = nn.Conv2d(channels, channels // 2, 3, padding=1)

        def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
            x = self.up(x)
            x = torch.cat([skip, x], dim=1)  # fails
            return self.conv(x)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down1 = nn.Conv2d(3, 8, 3, padding=1)
            self.down2 = nn.Conv2d(8, 16, 3, padding=1)
            self.pool = nn.MaxPool2d(2)
            self.up1 = Up(16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            a = self.down1(x)
            b = self.down2(self.pool(a))
            return self.up1(b, a)

    return UNet(), torch.randn(1, 3, 35, 35)


@broken(r"16.*32|Conv2d\(16, 32, (kernel_size=)?1", at="layer2", like=PYTEA)
def shortcut_without_projection() -> Made:
    """The residual block doubles the channels, and its shortcut does not."""

    class Residual(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inp, out, 3, padding=1)
            self.conv2 = nn.Conv2d(out, out, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out = self.conv2(torch.relu(self.conv1(x)))
            out += x  # fails
            return torch.relu(out)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer1 = Residual(16, 16)
            self.layer2 = Residual(16, 32)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer2(self.layer1(x))

    return Net(), torch.randn(2, 16, 8, 8)


@broken(r"flatten\(1\)|squeeze", at="", like=PYTEA)
def pooled_features_beside_a_table() -> Made:
    """Features of a picture with two empty dimensions, columns without."""

    class Fusion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cnn = nn.Sequential(nn.Conv2d(3, 12, 3), nn.AdaptiveAvgPool2d(1))
            self.fc = nn.Linear(17, 1)

        def forward(self, image: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
            features = torch.cat((self.cnn(image), table), dim=1)  # fails
            return self.fc(features)

    return Fusion(), torch.randn(4, 3, 8, 8), torch.randn(4, 5)


@broken(r"\[:, :, None, None\]|unsqueeze|view\(.*1, 1\)", at="se", like=PYTEA)
def gate_without_the_spatial_dimensions() -> Made:
    """Squeeze and excite, and forget to unsqueeze."""

    class SE(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.fc = nn.Sequential(nn.Linear(channels, 2), nn.ReLU(), nn.Linear(2, channels))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            gate = torch.sigmoid(self.fc(x.mean((2, 3))))
            return x * gate  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)
            self.se = SE(8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.se(self.conv(x))

    return Net(), torch.randn(4, 3, 10, 10)


@broken(r"stride=2", at="stage", like=PYTEA)
def shortcut_without_stride() -> Made:
    """The block halves the picture, and its projection does not."""

    class BasicBlock(nn.Module):
        def __init__(self, inp: int, out: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inp, out, 3, stride=stride, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(out)
            self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
            self.shortcut = nn.Sequential(nn.Conv2d(inp, out, 1, bias=False), nn.BatchNorm2d(out))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out = torch.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            out = out + self.shortcut(x)  # fails
            return torch.relu(out)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 3, padding=1)
            self.stage = BasicBlock(8, 16, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.stage(self.stem(x))

    return Net(), torch.randn(2, 3, 12, 12)


@broken(r"padding=1", at="", like=PYTEA)
def convolution_without_padding_on_a_residual() -> Made:
    """A 3×3 convolution takes a pixel from each side."""

    class Res(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(6, 6, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.relu(self.conv(x))  # fails

    return Res(), torch.randn(1, 6, 9, 9)


@broken(r"dim=1\b", at="", like=PYTEA)
def concatenated_along_the_batch() -> Made:
    """The default of ``cat`` is dimension 0."""

    class TwoTowers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.users = nn.Linear(10, 16)
            self.items = nn.Linear(6, 8)
            self.score = nn.Linear(24, 1)

        def forward(self, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
            both = torch.cat([self.users(user), self.items(item)])  # fails
            return self.score(both)

    return TwoTowers(), torch.randn(4, 10), torch.randn(4, 6)


@broken(r"pad", at="", like=JUNOBENCH)
def sequences_of_different_lengths_stacked() -> Made:
    """``stack`` wants equal shapes."""

    class Batcher(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Linear(4, 8)

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            rows = [self.proj(a), self.proj(b)]
            return torch.stack(rows)  # fails

    return Batcher(), torch.randn(5, 4), torch.randn(7, 4)


@broken(r"unsqueeze\(1\)\.(expand|repeat)|\[:, None|unsqueeze\(1\)", at="decoder", like=PYTEA)
def context_beside_every_step() -> Made:
    """One vector of context is to be put beside each step."""

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(12, 4)

        def forward(self, steps: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
            x = torch.cat((steps, context), dim=-1)  # fails
            return self.fc(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(3, 4)
            self.decoder = Decoder()

        def forward(self, steps: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
            return self.decoder(steps, self.encoder(source))

    return Net(), torch.randn(2, 5, 8), torch.randn(2, 3)


@broken(r"Linear\(32, 48\)|32.*48|48.*32", at="blocks.0", like=PYTEA)
def residual_around_a_widening() -> Made:
    """The feed-forward part does not come back to its width."""

    class FeedForward(nn.Module):
        def __init__(self, dim: int, out: int) -> None:
            super().__init__()
            self.up = nn.Linear(dim, 64)
            self.down = nn.Linear(64, out)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.down(torch.relu(self.up(x)))

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ff = FeedForward(32, 48)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.ff(x)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Sequential(Block(), Block())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.blocks(x)

    return Net(), torch.randn(2, 6, 32)


@broken(r"amax|padding='same'", at="", like=JUNOBENCH)
def branches_of_other_kernels() -> Made:
    """A text classifier joins what convolutions of several widths give, before it pools."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = nn.ModuleList([nn.Conv1d(8, 4, width) for width in (3, 4, 5)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found = [conv(x).relu() for conv in self.convs]
            return torch.cat(found, 1).amax(2)  # fails

    return Net(), torch.randn(2, 8, 30)


@broken(r"let lv give 4 features, as mu does", at="", like=PYTEA)
def means_and_variances_of_two_widths() -> Made:
    """Two heads beside each other give different numbers of features."""

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mu = nn.Linear(8, 4)
            self.lv = nn.Linear(8, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mu, lv = self.mu(x), self.lv(x)
            return mu + torch.randn_like(lv) * (0.5 * lv).exp()  # fails

    return Encoder(), torch.randn(4, 8)


@broken(r"padding=1 in wide", at="", like=PYTEA)
def branches_of_which_one_is_not_padded() -> Made:
    """A kernel of three beside one of one."""

    class Fire(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = nn.Conv2d(4, 8, 1)
            self.wide = nn.Conv2d(4, 8, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.narrow(x), self.wide(x)], 1)  # fails

    return Fire(), torch.randn(2, 4, 32, 32)


@broken(r"size=\[32, 32\] in place of the factor", at="", like=PYTEA)
def interpolated_by_another_factor() -> Made:
    """A pyramid whose upper level is made four times larger and not twice."""

    class Pyramid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(16, 16, 3, stride=2, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = nn.functional.interpolate(self.down(x), scale_factor=4)
            return x + y  # fails

    return Pyramid(), torch.randn(2, 16, 32, 32)


@broken(r"w\[:, :, None, None\]", at="", like=PYTEA)
def channel_weights_where_sides_are_as_many() -> Made:
    """One weight for each channel, of a picture that is as wide as it has channels."""

    class Squeeze(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 16, 1)
            self.fc = nn.Linear(16, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.conv(x)
            w = self.fc(y.mean((2, 3))).sigmoid()
            return y * w  # fails

    return Squeeze(), torch.randn(2, 3, 16, 16)


@broken(r"padding=2 in wide", at="", like=PYTEA)
def a_branch_padded_for_a_smaller_kernel() -> Made:
    """A kernel of five with the padding of one of three, beside a pooling that is right."""

    class Inception(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.narrow = nn.Conv2d(3, 4, 1)
            self.wide = nn.Conv2d(3, 4, 5, padding=1)
            self.pool = nn.MaxPool2d(3, stride=1, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.narrow(x), self.wide(x), self.pool(x)], 1)  # fails

    return Inception(), torch.randn(2, 3, 16, 16)


@broken(r"stride=1 and padding=1 in pool", at="", like=PYTEA)
def a_pooled_branch_that_shrinks() -> Made:
    """A pooling moves on by its window where nothing else is said."""

    class Inception(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.pool = nn.MaxPool2d(3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.conv(x), self.pool(x)], 1)  # fails

    return Inception(), torch.randn(2, 3, 16, 16)


@broken(r"let b give 4 features, as a does", at="", like=PYTEA)
def stacked_heads_of_two_widths() -> Made:
    """Two heads of one stack."""

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(8, 4)
            self.b = nn.Linear(8, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([self.a(x), self.b(x)])  # fails

    return Heads(), torch.randn(2, 8)


@broken(r"dim=-1 gives 16", at="fc", like=PYTEA)
def states_put_below_inputs() -> Made:
    """What is to be beside each sample is put below all of them."""

    class Cell(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(16, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = torch.zeros(2, 8)
            return self.fc(torch.cat([x, h], 0))  # fails

    return Cell(), torch.randn(2, 8)
