"""Sizes and dimensions that were counted wrong."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .corpus import Made, broken


@broken("in_features=512", at="fc1")
def alexnet_like_on_small_pictures() -> Made:
    """The size of the flattened picture was worked out for larger ones."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(3, 16, 5, stride=2),
                nn.ReLU(),
                nn.MaxPool2d(3, 2),
                nn.Conv2d(16, 32, 3),
                nn.ReLU(),
            )
            self.fc1 = nn.Linear(32 * 6 * 6, 64)
            self.fc2 = nn.Linear(64, 10)

        def forward(self, x):
            x = self.features(x)
            x = torch.flatten(x, start_dim=1)
            x = self.fc1(x)  # fails
            return self.fc2(F.relu(x))

    return Net(), torch.randn(2, 3, 32, 32)


@broken(r"in_features=24\b", at="head.0")
def attention_pool_then_head() -> Made:
    """The head was told the width of another layer."""

    class Pool(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.score = nn.Linear(dim, 1)

        def forward(self, x):
            w = self.score(x).softmax(1)
            return (w * x).sum(1)

    class Net(nn.Module):
        def __init__(self, dim=24, hidden=48):
            super().__init__()
            self.pool = Pool(dim)
            self.head = nn.Sequential(nn.Linear(hidden, 32), nn.GELU(), nn.Linear(32, 3))

        def forward(self, x):
            z = self.pool(x)
            return self.head(z)  # fails

    return Net(), torch.randn(2, 7, 24)


@broken(r"in_features=96\b", at="fc")
def conv1d_signal_flattened() -> Made:
    """The length after a stride and a pooling was guessed."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(2, 8, kernel_size=5, stride=2)
            self.pool = nn.MaxPool1d(4)
            self.fc = nn.Linear(8 * 25, 5)

        def forward(self, x):
            x = self.pool(torch.relu(self.conv(x)))
            x = x.reshape(x.shape[0], -1)
            return self.fc(x)  # fails

    return Net(), torch.randn(3, 2, 100)


@broken(r"in_channels=5\b", at="conv")
def coordinates_added_as_channels() -> Made:
    """Two maps of coordinates make five channels."""

    class CoordConv(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3, padding=1)

        def forward(self, x):
            b, _, h, w = x.shape
            ys = torch.linspace(-1, 1, h).view(1, 1, h, 1).expand(b, 1, h, w)
            xs = torch.linspace(-1, 1, w).view(1, 1, 1, w).expand(b, 1, h, w)
            x = torch.cat([x, ys, xs], dim=1)
            return self.conv(x)  # fails

    return CoordConv(), torch.randn(2, 3, 8, 8)


@broken(r"permute\(0, 2, 3, 1\)|\[8, 6, 6\]|channel.*last", at="norm")
def layer_norm_on_a_feature_map() -> Made:
    """``LayerNorm`` of the channels, which are not last in a picture."""

    class ConvNext(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.LayerNorm(8)

        def forward(self, x):
            x = self.conv(x)
            x = self.norm(x)  # fails
            return F.gelu(x)

    return ConvNext(), torch.randn(2, 3, 8, 8)


@broken(r"nn\.Conv2d\(3, 16|Conv2d\(3, 16|1×1", at="")
def residual_adds_the_picture() -> Made:
    """The shortcut has the channels of the picture."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)

        def forward(self, x):
            identity = x
            y = F.relu(self.conv1(x))
            y = self.conv2(y)
            y += identity  # fails
            return F.relu(y)

    return Net(), torch.randn(2, 3, 8, 8)


@broken(r"size=\[?\(?8, 8|interpolate|output_padding|padding=1", at="")
def unet_upsampled_by_transposed_convolution() -> Made:
    """A transposed convolution without ``output_padding`` is one short."""

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(3, 8, 3, stride=2, padding=1)
            self.up = nn.ConvTranspose2d(8, 3, 3, stride=2, padding=1)
            self.out = nn.Conv2d(6, 1, 1)

        def forward(self, x):
            d = self.down(x)
            u = self.up(d)
            return self.out(torch.cat((x, u), 1))  # fails

    return UNet(), torch.randn(2, 3, 8, 8)


@broken(r"kernel_size=2|kernel_size=4|output_padding=1|interpolate", at="")
def decoder_output_smaller_than_target() -> Made:
    """The decoder gives 25 pixels for 28."""

    class Auto(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1))
            self.dec = nn.Sequential(
                nn.ConvTranspose2d(8, 4, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1)
            )

        def forward(self, x):
            recon = self.dec(self.enc(x))
            return F.mse_loss(recon, x)  # fails

    return Auto(), torch.randn(2, 1, 28, 28)


@broken(r"groups|divisible|divide", at="dw")
def depthwise_with_another_width() -> Made:
    """The width before a depthwise convolution was changed."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.pw, self.dw = nn.Conv2d(3, 12, 1), nn.Conv2d(8, 8, 3, groups=8)

        def forward(self, x):
            return self.dw(self.pw(x))  # fails

    return Net(), torch.randn(2, 3, 8, 8)


@broken(r"GroupNorm\(4, 12\)", at="gn")
def group_norm_of_other_channels() -> Made:
    """The channels of a group normalisation are those of an older model."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.gn = nn.Conv2d(3, 12, 1), nn.GroupNorm(4, 16)

        def forward(self, x):
            return self.gn(self.conv(x))  # fails

    return Net(), torch.randn(2, 3, 8, 8)


@broken(r"larger input|kernel|padding", at="conv3")
def picture_smaller_than_the_kernel() -> Made:
    """Two poolings leave less than the last kernel needs."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2, self.conv3 = (
                nn.Conv2d(1, 4, 3),
                nn.Conv2d(4, 4, 3),
                nn.Conv2d(4, 4, 5),
            )
            self.pool = nn.MaxPool2d(2)

        def forward(self, x):
            x = self.pool(F.relu(self.conv1(x)))
            x = self.pool(F.relu(self.conv2(x)))
            return self.conv3(x)  # fails

    return Net(), torch.randn(2, 1, 16, 16)


@broken(r"transpose\(-?[12], ?-?[12]\)|\.mT|transpose", at="")
def scores_with_t() -> Made:
    """``t()`` takes matrices, and keys have a batch."""

    class Attn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            q, k = self.q(x), self.k(x)
            return q @ k.t()  # fails

    return Attn(), torch.randn(2, 5, 8)


@broken(r"\[5, 5\]|\(5, 5\)|:5|5×5", at="")
def causal_mask_of_the_wrong_length() -> Made:
    """The mask of the longest sequence was not cut."""

    class Attn(nn.Module):
        def __init__(self, max_len=16):
            super().__init__()
            self.qkv = nn.Linear(8, 24)
            self.register_buffer("mask", torch.tril(torch.ones(max_len, max_len)).bool())

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            att = q @ k.transpose(1, 2) / math.sqrt(8)
            att = att.masked_fill(~self.mask, float("-inf"))  # fails
            return att.softmax(-1) @ v

    return Attn(), torch.randn(2, 5, 8)


@broken(r"unsqueeze|\[:, None|\[2, 1, (1|5)", at="")
def padding_mask_without_a_query_dimension() -> Made:
    """A mask (batch, keys) against scores (batch, queries, keys)."""

    class Attn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(8, 24)

        def forward(self, x, pad):
            q, k, v = self.qkv(x).chunk(3, -1)
            s = torch.bmm(q, k.transpose(1, 2))
            s.masked_fill_(pad, -1e9)  # fails
            return torch.bmm(s.softmax(-1), v)

    return Attn(), torch.randn(3, 5, 8), torch.zeros(3, 5, dtype=torch.bool)


@broken(r"einsum|bhqd|letter|subscript|dimension", at="")
def einsum_with_a_letter_too_few() -> Made:
    """The heads have no letter."""

    class Attn(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qk = nn.Linear(8, 16)

        def forward(self, x):
            b, n, _ = x.shape
            q, k = self.qk(x).view(b, n, 2, 2, 4).unbind(2)
            return torch.einsum("bqd,bkd->bqk", q, k)  # fails

    return Attn(), torch.randn(2, 5, 8)


@broken(r"8.*6|6.*8", at="")
def einsum_sizes_do_not_agree() -> Made:
    """Inputs of a bilinear form were swapped."""

    class Bi(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.randn(6, 8))

        def forward(self, a, b):
            return torch.einsum("bi,ij,bj->b", a, self.w, b)  # fails

    return Bi(), torch.randn(3, 8), torch.randn(3, 6)


@broken(r"\[:, :, None\]", at="")
def gate_times_sequence() -> Made:
    """A weight for each step lost its last dimension."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate = nn.Linear(6, 1)

        def forward(self, x):
            w = torch.sigmoid(self.gate(x)).squeeze(-1)
            return (w * x).sum(1)  # fails

    return Net(), torch.randn(2, 5, 6)


@broken(r"\[:, :, None, None\]|unsqueeze|view", at="")
def film_without_spatial_dimensions() -> Made:
    """Scale and shift of a condition meet a picture."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.film = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(5, 16)

        def forward(self, x, c):
            h = self.conv(x)
            gamma, beta = self.film(c).chunk(2, 1)
            return h * gamma + beta  # fails

    return Net(), torch.randn(2, 3, 6, 6), torch.randn(2, 5)


@broken(r"\[1, 5, 8\]|17|5 (tokens|positions)|positions|size=|pos", at="")
def positions_of_224_on_another_size() -> Made:
    """Positions were learned for another number of patches."""

    class Vit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Conv2d(3, 8, 4, 4)
            self.cls, self.pos = (
                nn.Parameter(torch.zeros(1, 1, 8)),
                nn.Parameter(torch.zeros(1, 5, 8)),
            )

        def forward(self, x):
            x = self.proj(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.cls.expand(len(x), -1, -1), x], 1)
            return x + self.pos  # fails

    return Vit(), torch.randn(2, 3, 16, 16)


@broken(r"expand|\[2, 1, 8\]|batch", at="")
def class_token_not_expanded() -> Made:
    """One class token for two samples."""

    class Vit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cls = nn.Parameter(torch.zeros(1, 1, 8))

        def forward(self, x):
            return torch.cat((self.cls, x), dim=1)  # fails

    return Vit(), torch.randn(2, 5, 8)


@broken(r"32|mat|in_features", at="proj")
def patches_flattened_with_another_channel() -> Made:
    """Patches of two channels, in a layer for three."""

    class Vit(nn.Module):
        def __init__(self, patch=4):
            super().__init__()
            self.p, self.proj = patch, nn.Linear(3 * patch * patch, 12)

        def forward(self, x):
            x = x.unfold(2, self.p, self.p).unfold(3, self.p, self.p)
            x = x.permute(0, 2, 3, 1, 4, 5).flatten(1, 2).flatten(2)
            return self.proj(x)  # fails

    return Vit(), torch.randn(2, 2, 8, 8)


@broken(r"transpose\(1, 2\)|LayerNorm|num_features=5", at="bn")
def batch_norm_on_a_sequence() -> Made:
    """Features are last, and ``BatchNorm1d`` wants them second."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.bn = nn.Linear(4, 8), nn.BatchNorm1d(8)

        def forward(self, x):
            return self.bn(self.fc(x))  # fails

    return Net(), torch.randn(3, 5, 4)


@broken(r"unsqueeze\(1\)", at="conv")
def text_cnn_with_conv2d() -> Made:
    """The picture of words has no channel."""

    class TextCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb, self.conv = nn.Embedding(30, 16), nn.Conv2d(1, 8, (3, 16))

        def forward(self, ids):
            e = self.emb(ids)
            return self.conv(e).squeeze(3)  # fails

    return TextCNN(), torch.randint(0, 30, (2, 9))


@broken(r"unsqueeze\(1\)|\[:, None\]", at="conv1")
def mnist_without_a_channel() -> Made:
    """Pictures as the data set holds them."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(676, 10)

        def forward(self, x):
            x = F.relu(self.conv1(x))  # fails
            return self.fc(F.max_pool2d(x, 2).flatten(1))

    return Net(), torch.randn(8, 28, 28)


@broken(r"d_model=10|in_features|10", at="layer.self_attn")
def features_beside_the_embedding() -> Made:
    """More features were put beside the embedding."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb, self.layer = (
                nn.Embedding(9, 8),
                nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
            )

        def forward(self, ids, extra):
            x = torch.cat([self.emb(ids), extra], -1)
            return self.layer(x)  # fails

    return Net(), torch.randint(0, 9, (2, 5)), torch.randn(2, 5, 2)
