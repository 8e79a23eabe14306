"""Divisions, logarithms and roots of what may be zero, and jumps of precision."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV404", input_size=(4, 16))
def normalised_by_hand():
    """Embeddings are divided by their norm, with nothing for a zero vector.

    Reported: https://github.com/pytorch/pytorch/issues/2421
    """

    class Embedder(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 8), nn.ReLU())

        def forward(self, x):
            x = self.net(x)
            return x / torch.norm(x, dim=1, keepdim=True)

    class Mended(Embedder):
        def forward(self, x):
            x = self.net(x)
            return x / (torch.norm(x, dim=1, keepdim=True) + 1e-8)

    return Embedder, Mended


@fault("MV404", input_data=[torch.randn(2, 5, 8), torch.ones(2, 5)])
def mean_over_mask():
    """A mean over the words that are there divides by their number, which may be 0.

    Reported: https://github.com/mila-iqia/blocks/pull/581
    """

    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(8, 8)
            self.out = nn.Linear(8, 2)

        def count(self, mask):
            return mask.sum(dim=1, keepdim=True)

        def forward(self, x, mask):
            h = torch.tanh(self.encode(x)) * mask.unsqueeze(-1)
            return self.out(h.sum(dim=1) / self.count(mask))

    class Mended(Pool):
        def count(self, mask):
            return mask.sum(dim=1, keepdim=True).clamp(min=1)

    return Pool, Mended


@fault("MV404", input_size=(4, 10))
def distance_by_root_of_sum():
    """A distance as the root of a sum of squares has an infinite gradient at 0.

    Reported: https://github.com/jonasrauber/eagerpy/issues/6
    """

    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Linear(5, 8)

        def distance(self, a, b):
            return torch.sqrt(((a - b) ** 2).sum(dim=1))

        def forward(self, x):
            a, b = x.chunk(2, dim=1)
            return self.distance(torch.tanh(self.net(a)), torch.tanh(self.net(b)))

    class Mended(Siamese):
        def distance(self, a, b):
            return torch.sqrt(((a - b) ** 2).sum(dim=1) + 1e-9)

    return Siamese, Mended


@fault("MV404", input_size=(4, 10))
def standardised_without_eps():
    """Features are standardised by their own deviation, which is 0 for constant ones.

    Reported: https://github.com/facebookresearch/Mask2Former/issues/243
    """

    class Standardise(nn.Module):
        def forward(self, x):
            mean = x.mean(-1, keepdim=True)
            return (x - mean) / x.std(-1, keepdim=True)

    class Mended(nn.Module):
        def forward(self, x):
            mean = x.mean(-1, keepdim=True)
            return (x - mean) / (x.std(-1, keepdim=True) + 1e-5)

    def net(norm):
        return nn.Sequential(nn.Linear(10, 16), norm(), nn.ReLU(), nn.Linear(16, 3))

    return lambda: net(Standardise), lambda: net(Mended)


@fault("MV404", input_size=(4, 10))
def log_of_relu():
    """A logarithm of what a ReLU gives.

    Reported: https://github.com/summerlvsong/Aggregation-Cross-Entropy/issues/2
    """

    class Energy(nn.Module):
        def __init__(self):
            super().__init__()
            self.bands = nn.Linear(10, 6)
            self.out = nn.Linear(6, 2)

        def forward(self, x):
            return self.out(torch.log(torch.relu(self.bands(x))))

    class Mended(Energy):
        def forward(self, x):
            return self.out(torch.log(torch.relu(self.bands(x)) + 1e-6))

    return Energy, Mended


@fault("MV405", input_size=(4, 8))
def numpy_constant_makes_float64():
    """A constant from NumPy is float64, and so is all that it meets.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            self.out = nn.Linear(8, 1)
            self.register_buffer("scale", self.table())

        def table(self):
            return torch.from_numpy(np.linspace(0.5, 1.5, 8))

        def forward(self, x):
            h = torch.tanh(self.fc(x)) * self.scale
            return self.out(h.float())

    class Mended(Scaled):
        def table(self):
            return super().table().float()

    return Scaled, Mended


@fault("MV404", input_size=(2, 1, 8, 8))
def scaled_to_minimum_and_maximum():
    """A map is scaled to 0..1 by its range, which is 0 for a constant map.

    Reported: https://github.com/abisee/pointer-generator/issues/155
    """

    class Saliency(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x):
            y = self.conv(x)
            low = y.amin(dim=(2, 3), keepdim=True)
            high = y.amax(dim=(2, 3), keepdim=True)
            return (y - low) / (high - low)

    class Mended(Saliency):
        def forward(self, x):
            y = self.conv(x)
            low = y.amin(dim=(2, 3), keepdim=True)
            high = y.amax(dim=(2, 3), keepdim=True)
            return (y - low) / (high - low + 1e-8)

    return Saliency, Mended


@fault("MV404", input_data=[torch.randn(5, 6), (torch.rand(5, 5) > 0.5).float()])
def degree_of_isolated_nodes():
    """A graph convolution takes ``degree ** -0.5``: infinite for a node without edges.

    Reported: https://github.com/mlberkeley/scae-pytorch/pull/4
    """

    class GCN(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(6, 4)

        def degree(self, adj):
            return adj.sum(dim=1)

        def forward(self, x, adj):
            norm = self.degree(adj).pow(-0.5)
            adj = norm[:, None] * adj * norm[None, :]
            return adj @ self.lin(x)

    class Mended(GCN):
        def degree(self, adj):
            return adj.sum(dim=1).clamp(min=1)

    return GCN, Mended


@fault("MV404", input_size=(4, 6))
def angle_of_unit_vectors():
    """``acos`` of a cosine has an infinite gradient where the vectors agree.

    Reported: https://github.com/pytorch/pytorch/issues/44452
    """

    class Angle(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(6, 3), nn.Linear(6, 3)

        def cosine(self, x):
            return (F.normalize(self.a(x), dim=-1) * F.normalize(self.b(x), dim=-1)).sum(-1)

        def forward(self, x):
            return torch.acos(self.cosine(x))

    class Mended(Angle):
        def forward(self, x):
            return torch.acos(self.cosine(x).clamp(-1 + 1e-6, 1 - 1e-6))

    return Angle, Mended


@fault("MV404", input_size=(4, 6))
def logarithm_of_a_predicted_scale():
    """The logarithm of a layer's output, which can be negative.

    Reported: arXiv 1910.11015 (missing activation function)
    """

    class Gaussian(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean, self.scale = nn.Linear(6, 2), nn.Linear(6, 2)

        def positive(self, s):
            return s

        def forward(self, x):
            scale = self.positive(self.scale(x))
            return self.mean(x), torch.log(scale)

    class Mended(Gaussian):
        def positive(self, s):
            return F.softplus(s) + 1e-4

    return Gaussian, Mended


@fault("MV404", "MV407", input_size=(4, 6))
def softmax_written_out_overflows():
    """``exp(x) / exp(x).sum()`` without the maximum taken off is nan beyond 88.

    Reported: https://github.com/bowang-lab/Transformer-GCN-QA/pull/22
    """

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x):
            e = self.fc(x).exp()
            return e / e.sum(dim=-1, keepdim=True)

    class Mended(Head):
        def forward(self, x):
            return torch.softmax(self.fc(x), dim=-1)

    return Head, Mended


@fault("MV404", input_data=[torch.randn(2, 7, 5), torch.ones(2, 7, dtype=torch.bool)])
def count_of_a_boolean_mask():
    """The number of valid steps, an integer that may be 0, divides a sum.

    Reported: https://github.com/mila-iqia/blocks/pull/581
    """

    class Mean(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(5, 6, batch_first=True)

        def lengths(self, mask):
            return mask.sum(1)

        def forward(self, x, mask):
            h, _ = self.rnn(x)
            h = h.masked_fill(~mask[..., None], 0.0)
            return h.sum(1) / self.lengths(mask)[:, None]

    class Mended(Mean):
        def lengths(self, mask):
            return torch.clamp(mask.sum(1), min=1)

    return Mean, Mended


@fault("MV405", input_size=(2, 5, 8))
def positions_in_double():
    """Frequencies of positions are computed in float64, and carry their dtype into the model.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Rotary(nn.Module):
        dtype = torch.float64

        def __init__(self):
            super().__init__()
            self.proj = nn.Linear(8, 8)

        def forward(self, x):
            q = self.proj(x)
            t = torch.arange(x.shape[1], dtype=self.dtype)
            rate = 10000 ** (-torch.arange(0, 8, 2, dtype=self.dtype) / 8)
            angle = torch.outer(t, rate)
            a, b = q[..., ::2], q[..., 1::2]
            cos, sin = angle.cos(), angle.sin()
            return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1).to(x.dtype)

    class Mended(Rotary):
        dtype = torch.float32

    return Rotary, Mended


@fault("MV404", input_size=(4, 3, 5))
def cosine_by_hand():
    """A cosine from a product divided by both norms.

    Reported: https://github.com/keras-team/keras/issues/23075
    """

    class Matching(nn.Module):
        def __init__(self):
            super().__init__()
            self.proj = nn.Linear(5, 8)

        def guard(self, d):
            return d

        def forward(self, x):
            h = torch.relu(self.proj(x))
            a, b = h[:, :1], h[:, 1:]
            dot = (a * b).sum(-1)
            norms = a.pow(2).sum(-1).sqrt() * b.pow(2).sum(-1).sqrt()
            return dot / self.guard(norms)

    class Mended(Matching):
        def forward(self, x):
            h = torch.relu(self.proj(x))
            return F.cosine_similarity(h[:, :1], h[:, 1:], dim=-1)

    return Matching, Mended


@fault("MV404", input_size=(4, 6))
def entropy_of_probabilities():
    """``p * log(p)`` where a ReLU made ``p`` zero.

    Reported: https://github.com/allenai/allennlp/issues/2797
    """

    class Entropy(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x):
            p = torch.relu(self.fc(x))
            p = p / (p.sum(-1, keepdim=True) + 1e-8)
            return p, self.entropy(p)

        def entropy(self, p):
            return -(p * torch.log(p)).sum(-1)

    class Mended(Entropy):
        def entropy(self, p):
            return -torch.special.xlogy(p, p.clamp(min=1e-12)).sum(-1)

    return Entropy, Mended


@fault("MV405", input_size=(4, 6))
def loss_weights_in_float64():
    """Weights of classes come from pandas as float64.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 3)

        def weights(self):
            return torch.tensor(np.array([0.2, 0.3, 0.5]))

        def forward(self, x):
            return F.softmax(self.fc(x), dim=1) * self.weights()

    class Mended(Weighted):
        def weights(self):
            return torch.tensor([0.2, 0.3, 0.5])

    return Weighted, Mended


@fault("MV404", input_size=(2, 5, 8))
def root_mean_square_without_eps():
    """A root-mean-square norm without its eps.

    Reported: https://github.com/pytorch/pytorch/issues/37323
    """

    class RMSNorm(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(8))

        def mean_square(self, x):
            return x.pow(2).mean(-1, keepdim=True)

        def forward(self, x):
            return x * torch.rsqrt(self.mean_square(x)) * self.weight

    class Mended(RMSNorm):
        def mean_square(self, x):
            return super().mean_square(x) + 1e-6

    def net(norm):
        return nn.Sequential(nn.Linear(8, 8), norm(), nn.GELU(), nn.Linear(8, 2))

    return lambda: net(RMSNorm), lambda: net(Mended)


@fault("MV407", input_size=(4, 6))
def free_energy_by_log_of_sum():
    """``log(exp(x).sum())`` is infinite where ``logsumexp`` is not.

    Reported: https://github.com/mlberkeley/scae-pytorch/pull/4
    """

    class Energy(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x):
            return -torch.log(torch.exp(self.fc(x)).sum(dim=1))

    class Mended(Energy):
        def forward(self, x):
            return -torch.logsumexp(self.fc(x), dim=1)

    return Energy, Mended
