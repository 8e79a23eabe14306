"""Gradients that end."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV301", input_size=(3, 8))
def gradients_switched_off_in_forward():
    """``set_grad_enabled(False)`` around the encoder; mended, it depends on the mode, as it may.

    Reported: https://github.com/taotaonice/FaceShifter/issues/16
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.enc, self.head = nn.Sequential(nn.Linear(8, 6), nn.ReLU()), nn.Linear(6, 2)

        def wanted(self):
            return False

        def forward(self, x):
            with torch.set_grad_enabled(self.wanted()):
                h = self.enc(x)
            return self.head(h)

    class Mended(Net):
        def wanted(self):
            return self.training

    return Net, Mended


@fault("MV301", input_size=(3, 5, 8))
def codes_without_a_way_around():
    """A vector quantiser hands on the codes; mended, straight through to the encoder.

    Reported: https://github.com/atulkum/co-attention/issues/1
    """

    class VQ(nn.Module):
        def __init__(self):
            super().__init__()
            self.enc, self.dec = nn.Linear(8, 4), nn.Linear(4, 8)
            self.book = nn.Embedding(16, 4)

        def through(self, z, q):
            return q

        def forward(self, x):
            z = torch.tanh(self.enc(x))
            q = self.book(torch.cdist(z, self.book.weight.expand(x.size(0), -1, -1)).argmin(-1))
            return self.dec(self.through(z, q)), F.mse_loss(q, z.detach())

    class Mended(VQ):
        def through(self, z, q):
            return z + (q - z).detach()

    return VQ, Mended


@fault("MV301", input_size=(3, 6, 8))
def router_without_weights():
    """A router chooses the expert, and its score does not weigh what the expert gives.

    Reported: https://github.com/pytorch/pytorch/issues/1339
    """

    class Switch(nn.Module):
        def __init__(self, n=3):
            super().__init__()
            self.router = nn.Linear(8, n)
            self.experts = nn.ModuleList(
                nn.Sequential(nn.Linear(8, 12), nn.SiLU(), nn.Linear(12, 8)) for _ in range(n)
            )

        def weigh(self, y, w):
            return y

        def forward(self, x):
            probs = self.router(x).softmax(-1)
            w, index = probs.max(-1, keepdim=True)
            mask = F.one_hot(index.squeeze(-1), len(self.experts)).to(x.dtype)
            y = sum(mask[..., i : i + 1] * e(x) for i, e in enumerate(self.experts))
            return x + self.weigh(y, w)

    class Mended(Switch):
        def weigh(self, y, w):
            return y * w

    return Switch, Mended


@fault("MV301", input_size=(3, 8))
def learned_temperature_as_a_number():
    """A learned temperature is read by ``.item()``.

    Reported: https://github.com/lanlan96/ARM3D/issues/1
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.log_t, self.fc = nn.Parameter(torch.zeros(())), nn.Linear(8, 3)

        def t(self):
            return self.log_t.exp().item()

        def forward(self, x):
            return self.fc(x) / self.t()

    class Mended(Net):
        def t(self):
            return self.log_t.exp()

    return Net, Mended


@fault("MV301", input_size=(3, 8))
def learned_threshold_in_where():
    """A learned threshold decides by comparison; mended, a soft gate.

    Reported: https://github.com/LZGMatrix/BOP19_CDPN_2019ICCV/issues/4
    """

    class Shrink(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.cut = nn.Parameter(torch.full((dim,), 0.1))

        def forward(self, x):
            return torch.where(x.abs() > self.cut, x, torch.zeros_like(x))

    class Mended(Shrink):
        def forward(self, x):
            return torch.sign(x) * torch.relu(x.abs() - self.cut)

    def net(cls):
        return nn.Sequential(nn.Linear(8, 6), cls(6), nn.Linear(6, 2))

    return (lambda: net(Shrink)), (lambda: net(Mended))


@fault("MV301", input_size=(3, 8))
def binary_weights_by_sign():
    """Weights go through ``sign``, whose gradient is zero; mended, by a function of its own.

    Reported: https://github.com/atulkum/co-attention/issues/1
    """

    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            return w.sign()

        @staticmethod
        def backward(ctx, g):
            return g

    class Binary(nn.Linear):
        def one(self, w):
            return torch.sign(w)

        def forward(self, x):
            return F.linear(x, self.one(self.weight), self.bias)

    class Mended(Binary):
        def one(self, w):
            return Sign.apply(w)

    def net(cls):
        return nn.Sequential(cls(8, 6), nn.BatchNorm1d(6), nn.Hardtanh(), cls(6, 2))

    return (lambda: net(Binary)), (lambda: net(Mended))


@fault("MV301", input_size=(3, 8))
def predicted_position_made_an_index():
    """A predicted place is made an integer to look a table up; mended, between two rows.

    Reported: https://github.com/pytorch/pytorch/issues/1339
    """

    class Lookup(nn.Module):
        def __init__(self):
            super().__init__()
            self.where, self.table = nn.Linear(8, 1), nn.Parameter(torch.randn(10, 4))

        def forward(self, x):
            p = torch.sigmoid(self.where(x)).squeeze(-1) * 9
            return self.read(p)

        def read(self, p):
            return self.table[p.long()]

    class Mended(Lookup):
        def read(self, p):
            i = p.detach().floor().clamp(max=8)
            f = (p - i).unsqueeze(-1)
            i = i.long()
            return (1 - f) * self.table[i] + f * self.table[i + 1]

    return Lookup, Mended


@fault("MV301", input_data=[torch.randn(3, 8), torch.randn(3, 8)])
def online_network_under_no_grad():
    """Both networks run under ``no_grad``; mended, the target alone, whose parameters are frozen.

    Reported: https://github.com/lucidrains/CoCa-pytorch/issues/6
    """

    class Byol(nn.Module):
        def __init__(self):
            super().__init__()
            self.online, self.predict = (
                nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4)),
                nn.Linear(4, 4),
            )
            self.target = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4)).requires_grad_(
                False
            )

        def both(self, a, b):
            with torch.no_grad():
                return self.online(a), self.target(b)

        def forward(self, a, b):
            z, t = self.both(a, b)
            return 2 - 2 * F.cosine_similarity(self.predict(torch.tanh(z)), t)

    class Mended(Byol):
        def both(self, a, b):
            with torch.no_grad():
                t = self.target(b)
            return self.online(a), t

    return Byol, Mended


@fault("MV301", input_size=(3, 8))
def copied_into_zeros_by_data():
    """Features are written into the ``.data`` of a new tensor.

    Reported: https://github.com/facebookresearch/FaderNetworks/issues/8
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 4), nn.Linear(8, 4)

        def fill(self, out, x):
            out.data[:, :4] = self.a(x)

        def forward(self, x):
            out = x.new_zeros(x.size(0), 8)
            self.fill(out, x)
            out[:, 4:] = torch.tanh(self.b(x))
            return out

    class Mended(Net):
        def fill(self, out, x):
            out[:, :4] = torch.sin(self.a(x))

    return Net, Mended


@fault("MV301", input_size=(2, 8))
def heads_on_a_detached_sum():
    """A hidden layer is handed on by its ``.data`` alone.

    Reported: https://github.com/facebookresearch/FaderNetworks/issues/8
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 2)

        def hand(self, h):
            return h.data

        def forward(self, x):
            return self.b(self.hand(F.silu(self.a(x))))

    class Mended(Net):
        def hand(self, h):
            return h.clone()

    return Net, Mended


@fault("MV301", input_size=(2, 5, 8))
def sorted_by_index_only():
    """Tokens are picked by ``argsort`` of learned scores, which are not multiplied in.

    Reported: https://github.com/pytorch/pytorch/issues/1339
    """

    class Prune(nn.Module):
        def __init__(self):
            super().__init__()
            self.score, self.fc = nn.Linear(8, 1), nn.Linear(8, 2)

        def gate(self, x, s):
            return x

        def forward(self, x):
            s = self.score(x).squeeze(-1)
            keep = s.argsort(1, descending=True)[:, :3, None]
            x = self.gate(x, s)
            return self.fc(torch.take_along_dim(x, keep, 1)).amax(1)

    class Mended(Prune):
        def gate(self, x, s):
            return x * s.sigmoid().unsqueeze(-1)

    return Prune, Mended
