"""Divisions, logarithms, exponentials and precision."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV404", input_size=(4, 10))
def shares_of_a_sum():
    """Non-negative scores are divided by their sum, which may be 0.

    Reported: https://github.com/abisee/pointer-generator/issues/155
    """

    class Share(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(10, 4)

        def total(self, s):
            return s.sum(-1, keepdim=True)

        def forward(self, x):
            s = F.relu(self.fc(x))
            return s / self.total(s)

    class Mended(Share):
        def total(self, s):
            t = s.sum(-1, keepdim=True)
            return torch.where(t > 0, t, torch.ones_like(t))

    return Share, Mended


@fault("MV404", input_size=(2, 3, 8, 8))
def scaled_to_its_largest():
    """A map is divided by the largest of its values.

    Reported: https://github.com/abisee/pointer-generator/issues/155
    """

    class Cam(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 2, 3)

        def top(self, m):
            return m.flatten(2).amax(-1)[..., None, None]

        def forward(self, x):
            m = self.conv(x).relu()
            return m.div(self.top(m))

    class Mended(Cam):
        def top(self, m):
            return super().top(m).clamp_min(1e-6)

    return Cam, Mended


@fault("MV404", input_data=[torch.randn(5, 4), torch.randint(0, 2, (5, 5)).float()])
def isolated_nodes_by_rsqrt():
    """``rsqrt`` of degrees; mended, what is infinite is set to 0 after.

    Reported: https://github.com/mlberkeley/scae-pytorch/pull/4
    """

    class Gcn(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def scale(self, deg):
            return deg.rsqrt()

        def forward(self, x, adj):
            d = self.scale(adj.sum(1))
            return F.relu((d[:, None] * adj * d[None]) @ self.fc(x))

    class Mended(Gcn):
        def scale(self, deg):
            d = deg.pow(-0.5)
            return d.masked_fill(d == float("inf"), 0.0)

    return Gcn, Mended


@fault("MV404", input_size=(4, 6, 5))
def pooled_deviation():
    """Statistics pooling takes the deviation over time as a root of a variance.

    Reported: https://github.com/facebookresearch/Mask2Former/issues/243
    """

    class Stats(nn.Module):
        def var(self, x):
            return x.var(1, unbiased=False)

        def forward(self, x):
            return torch.cat([x.mean(1), torch.sqrt(self.var(x))], -1)

    class Mended(Stats):
        def var(self, x):
            return x.var(1, unbiased=False).clamp(min=1e-8)

    def net(cls):
        return nn.Sequential(nn.Linear(5, 6), nn.ReLU(), cls(), nn.Linear(12, 2))

    return (lambda: net(Stats)), (lambda: net(Mended))


@fault("MV404", input_size=(4, 10))
def norm_by_linalg():
    """``x / torch.linalg.vector_norm(x)``, in a cosine classifier.

    Reported: https://github.com/keras-team/keras/issues/23075
    """

    class Cosine(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.w = (
                nn.Sequential(nn.Linear(10, 8), nn.ReLU()),
                nn.Parameter(torch.randn(3, 8)),
            )

        def unit(self, x):
            return x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)

        def forward(self, x):
            return 10 * self.unit(self.body(x)) @ F.normalize(self.w).t()

    class Mended(Cosine):
        def unit(self, x):
            n = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
            return x / torch.maximum(n, torch.full_like(n, 1e-6))

    return Cosine, Mended


@fault("MV404", input_size=(4, 10))
def log_of_a_product_of_scores():
    """The logarithm of a non-negative product; mended, ``log1p``.

    Reported: https://github.com/summerlvsong/Aggregation-Cross-Entropy/issues/2
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(10, 6), nn.Linear(10, 6)

        def log(self, t):
            return t.log()

        def forward(self, x):
            return self.log((F.relu(self.a(x)) * F.relu(self.b(x))).sum(-1))

    class Mended(Net):
        def log(self, t):
            return t.log1p()

    return Net, Mended


@fault("MV404", input_data=[torch.randn(3, 6, 4), torch.ones(3, 6, dtype=torch.bool)])
def masked_mean_by_lengths():
    """A mean over the words divides by the sum of the mask in float.

    Reported: https://github.com/mila-iqia/blocks/pull/581
    """

    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)

        def count(self, m):
            return m.sum(1)

        def forward(self, x, keep):
            h = self.layer(x)
            m = keep[..., None].to(h.dtype)
            return (h * m).sum(1) / self.count(m)

    class Mended(Pool):
        def count(self, m):
            return torch.clamp(m.sum(1), 1e-9)

    return Pool, Mended


@fault("MV405", input_size=(2, 8))
def softmax_in_double_for_precision():
    """Attention goes to float64 and back for a softmax; mended, a bfloat16 model goes to float32.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Norm(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(dim))

        def forward(self, x):
            y = x.float()
            y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + 1e-6)
            return self.weight * y.to(x.dtype)

    class Net(nn.Module):
        def __init__(self, wide=torch.float64):
            super().__init__()
            self.a, self.norm, self.b, self.wide = nn.Linear(8, 6), Norm(6), nn.Linear(6, 3), wide

        def forward(self, x):
            h = self.norm(self.a(x.to(self.a.weight.dtype)))
            h = F.softmax(h.to(self.wide), -1).to(h.dtype)
            return self.b(h)

    return Net, lambda: Net(torch.float32).to(torch.bfloat16)


@fault("MV405", input_size=(2, 6, 8))
def bias_of_distances_in_double():
    """A bias of distances is made with ``dtype=torch.double``, and makes the scores so.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Alibi(nn.Module):
        dtype = torch.double

        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))

        def forward(self, x):
            n = x.size(1)
            i = torch.arange(n, dtype=self.dtype, device=x.device)
            s = self.q(x) @ self.k(x).mT / math.sqrt(8) - (i[:, None] - i[None]).abs()
            return s.softmax(-1).to(x.dtype) @ self.v(x)

    class Mended(Alibi):
        dtype = torch.float

    return Alibi, Mended


@fault("MV405", input_size=(2, 8))
def buffer_from_numpy():
    """A projection that NumPy drew is a float64 buffer.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """

    class Fourier(nn.Module):
        def __init__(self, fixed=False):
            super().__init__()
            b = torch.from_numpy(np.random.RandomState(0).randn(8, 5))
            self.register_buffer("b", b.float() if fixed else b)
            self.fc = nn.Linear(10, 2)

        def forward(self, x):
            p = (x.unsqueeze(-1) * self.b).sum(1)
            return self.fc(torch.cat([p.sin(), p.cos()], -1).float())

    return Fourier, lambda: Fourier(True)


@fault("MV407", "MV404", input_size=(2, 5, 8))
def attention_weights_by_exp():
    """Additive attention by ``exp`` and its sum; mended, with the largest taken off.

    Reported: https://github.com/bowang-lab/Transformer-GCN-QA/pull/22
    """

    class Attn(nn.Module):
        def __init__(self):
            super().__init__()
            self.w, self.u, self.fc = nn.Linear(8, 6), nn.Linear(6, 1, bias=False), nn.Linear(8, 2)

        def shift(self, s):
            return s

        def forward(self, x):
            e = torch.exp(self.shift(self.u(torch.tanh(self.w(x)))))
            return self.fc((e / e.sum(dim=1, keepdim=True) * x).sum(1))

    class Mended(Attn):
        def shift(self, s):
            return s - s.max(dim=1, keepdim=True)[0]

    return Attn, Mended


@fault("MV407", input_size=(4, 8))
def partition_function():
    """``log(sum(exp(s)))`` of an energy model, written with methods; mended, ``logsumexp``.

    Reported: https://github.com/mlberkeley/scae-pytorch/pull/4
    """

    class Energy(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 4))

        def lse(self, s):
            return s.exp().sum(1).log()

        def forward(self, x):
            return -self.lse(self.net(x))

    class Mended(Energy):
        def lse(self, s):
            return torch.logsumexp(s, 1)

    return Energy, Mended


@fault("MV404", input_size=(2, 3, 6, 6))
def dice_without_smoothing():
    """A Dice score divides by two sums, which are both 0 for empty masks.

    Reported: https://github.com/mila-iqia/blocks/pull/581
    """

    class Dice(nn.Module):
        eps = 0.0

        def __init__(self):
            super().__init__()
            self.net = nn.Conv2d(2, 1, 1)

        def forward(self, x):
            p, y = torch.relu(self.net(x[:, :2])), x[:, 2:].clamp(min=0)
            inter, total = (p * y).sum((1, 2, 3)), p.sum((1, 2, 3)) + y.sum((1, 2, 3))
            return 1 - 2 * inter / (total + self.eps if self.eps else total)

    class Mended(Dice):
        eps = 1e-6

    return Dice, Mended


@fault("MV404", input_size=(2, 3, 6))
def cosine_written_with_sum_of_squares():
    """Dot product over the root of a product of sums of squares.

    Reported: https://github.com/keras-team/keras/issues/23075
    """

    class Cos(nn.Module):
        def __init__(self):
            super().__init__()
            self.f = nn.Sequential(nn.Linear(6, 5), nn.ReLU())

        def den(self, d):
            return d

        def forward(self, x):
            a, b, _ = self.f(x).unbind(1)
            return (a * b).sum(-1) / self.den(((a * a).sum(-1) * (b * b).sum(-1)).sqrt())

    class Mended(Cos):
        def den(self, d):
            return d.clamp_min(1e-8)

        def forward(self, x):
            a, b, _ = self.f(x).unbind(1)
            return (a * b).sum(-1) / self.den(((a * a).sum(-1) * (b * b).sum(-1) + 1e-12).sqrt())

    return Cos, Mended


@fault("MV405", input_size=(2, 8))
def linspace_in_double():
    """Radial basis centres from NumPy's default dtype, as an argument of ``torch.tensor``.

    Reported: https://github.com/CoinCheung/pytorch-loss/issues/10
    """
    import numpy as np

    class Rbf(nn.Module):
        def __init__(self, dtype):
            super().__init__()
            self.register_buffer("c", torch.tensor(np.linspace(0, 1, 5), dtype=dtype))
            self.fc = nn.Linear(40, 2)

        def forward(self, x):
            r = torch.exp(-((x[..., None] - self.c) ** 2)).flatten(1)
            return self.fc(r.to(x.dtype))

    return (lambda: Rbf(None)), (lambda: Rbf(torch.float32))


@fault("MV407", input_size=(2, 8))
def contrastive_loss_by_exp():
    """InfoNCE written with ``exp`` and a sum under a logarithm.

    Reported: https://github.com/mlberkeley/scae-pytorch/pull/4
    """

    class Nce(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 6), nn.Parameter(torch.randn(10, 6))

        def forward(self, x):
            s = self.a(x) @ self.b.t() / 0.07
            return self.loss(s)

        def loss(self, s):
            return torch.log(torch.exp(s).sum(dim=-1)) - s[:, 0]

    class Mended(Nce):
        def loss(self, s):
            return s.logsumexp(dim=-1) - s[:, 0]

    return Nce, Mended
