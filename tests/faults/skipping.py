"""Windows that skip, norms of one value."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV206", input_size=(2, 3, 30, 30))
def patches_that_do_not_cover():
    """Patches of 16 in pictures of 30: nearly half of each row is never seen.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    class Patches(nn.Module):
        def __init__(self, size=16):
            super().__init__()
            self.proj = nn.Conv2d(3, 8, kernel_size=size, stride=size)
            self.layer, self.fc = (
                nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
                nn.Linear(8, 2),
            )

        def forward(self, x):
            return self.fc(self.layer(self.proj(x).flatten(2).transpose(1, 2)).mean(1))

    return Patches, lambda: Patches(15)


@fault("MV206", input_size=(2, 4, 64))
def dilation_and_stride_agree():
    """A dilation of 2 and a stride of 2 read the even steps only.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    def net(dilation, stride):
        return nn.Sequential(
            nn.Conv1d(4, 8, 3, stride=stride, dilation=dilation, padding=dilation),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(1),
            nn.Flatten(),
            nn.Linear(8, 2),
        )

    return (lambda: net(2, 2)), (lambda: net(2, 1))


@fault("MV206", input_size=(2, 3, 24, 24))
def own_convolution_with_stride_four():
    """A functional convolution with weights of 3×3 and a stride of 4.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    class Stem(nn.Module):
        def __init__(self, size=3):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(6, 3, size, size) / (3 * size * size) ** 0.5)

        def forward(self, x):
            return F.relu(F.conv2d(x, self.weight, stride=4))

    return Stem, lambda: Stem(4)


@fault("MV206", input_size=(2, 1, 40))
def frames_with_a_hop_beyond_the_window():
    """``unfold`` with a step larger than its window leaves samples between frames out.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    class Frames(nn.Module):
        def __init__(self, hop=8):
            super().__init__()
            self.hop, self.fc = hop, nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(x.squeeze(1).unfold(1, 4, self.hop)).amax(1)

    return Frames, lambda: Frames(2)


@fault("MV207", input_size=(4, 8))
def as_many_groups_as_features():
    """``GroupNorm(8, 8)`` of vectors of eight: each group is one number.

    Reported: https://github.com/pytorch/pytorch/issues/108956
    """

    def net(groups):
        return nn.Sequential(nn.Linear(8, 8), nn.GroupNorm(groups, 8), nn.ReLU(), nn.Linear(8, 2))

    return (lambda: net(8)), (lambda: net(2))


@fault("MV207", input_size=(4, 6, 5))
def layer_norm_of_the_pooled():
    """Layer normalisation over the last dimension of (N, C, 1).

    Reported: https://github.com/pytorch/pytorch/pull/12968
    """

    class Squeeze(nn.Module):
        def __init__(self, fixed=False):
            super().__init__()
            self.fixed, self.norm, self.fc = fixed, nn.LayerNorm(6 if fixed else 1), nn.Linear(6, 2)

        def forward(self, x):
            x = x.mean(-1, keepdim=True)
            x = self.norm(x.squeeze(-1)) if self.fixed else self.norm(x).squeeze(-1)
            return self.fc(x)

    return Squeeze, lambda: Squeeze(True)


@fault("MV207", input_size=(3, 1, 12))
def one_channel_normalised_by_hand():
    """Mean and variance over the channels, of which there is one.

    Reported: https://github.com/pytorch/pytorch/issues/108956
    """

    class Norm(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.dim, self.g = dim, nn.Parameter(torch.ones(1))

        def forward(self, x):
            mu = x.mean(self.dim, keepdim=True)
            var = x.var(self.dim, keepdim=True, unbiased=False)
            return self.g * (x - mu) * torch.rsqrt(var + 1e-5)

    def net(dim):
        return nn.Sequential(
            Norm(dim), nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(40, 2)
        )

    return (lambda: net(1)), (lambda: net(-1))


@fault("MV206", input_size=(2, 2, 8, 16, 16))
def video_frames_skipped():
    """A video convolution of one frame with a stride of 4 in time.

    Reported: arXiv 1910.11015 (layer properties: kernel size, stride)
    """

    def net(k):
        return nn.Sequential(
            nn.Conv3d(2, 4, (k, 3, 3), stride=(4, 2, 2), padding=(0, 1, 1)),
            nn.ReLU(),
            nn.AdaptiveAvgPool3d(1),
            nn.Flatten(),
            nn.Linear(4, 2),
        )

    return (lambda: net(1)), (lambda: net(4))


@fault("MV207", input_size=(4, 3, 8, 8))
def group_norm_after_pooling():
    """A gate normalises pooled channels with as many groups as channels.

    Reported: https://github.com/pytorch/pytorch/issues/108956
    """

    class Gate(nn.Module):
        def __init__(self, g):
            super().__init__()
            self.net = nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(3, 6, 1),
                nn.GroupNorm(g, 6),
                nn.ReLU(),
                nn.Conv2d(6, 3, 1),
                nn.Sigmoid(),
            )

        def forward(self, x):
            return x * self.net(x)

    return (lambda: Gate(6)), (lambda: Gate(2))
