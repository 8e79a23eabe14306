"""What is made, computed or given, and takes no part."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV101", input_size=(2, 3, 16, 16))
def last_level_of_a_pyramid():
    """A loop over ``len(laterals) - 1`` leaves the last lateral convolution out.

    Reported: arXiv 1910.11015 (layers: missing)
    """

    class Pyramid(nn.Module):
        skip = 1

        def __init__(self, widths=(4, 8, 16), out=6):
            super().__init__()
            chain = [3, *widths]
            self.stages = nn.ModuleList(
                nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU())
                for a, b in itertools.pairwise(chain)
            )
            self.laterals = nn.ModuleList(nn.Conv2d(w, out, 1) for w in widths)

        def forward(self, x):
            feats = []
            for stage in self.stages:
                x = stage(x)
                feats.append(x)
            return [self.laterals[i](feats[i]) for i in range(len(self.laterals) - self.skip)]

    class Mended(Pyramid):
        skip = 0

    return Pyramid, Mended


@fault("MV101", input_size=(2, 10))
def head_that_is_never_asked():
    """Of three heads in a ``ModuleDict`` the forward asks two by name.

    Reported: https://github.com/NVlabs/PWC-Net/issues/110
    """

    class Detector(nn.Module):
        tasks = ("cls", "box")

        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(10, 12), nn.GELU())
            self.heads = nn.ModuleDict(
                {"cls": nn.Linear(12, 5), "box": nn.Linear(12, 4), "iou": nn.Linear(12, 1)}
            )

        def forward(self, x):
            h = self.body(x)
            return {name: self.heads[name](h) for name in self.tasks}

    class Mended(Detector):
        tasks = ("cls", "box", "iou")

    return Detector, Mended


@fault("MV101", input_data=[torch.randint(0, 20, (2, 6))])
def decoder_made_to_be_tied():
    """The output layer is made, and logits come from the embedding's weight: its own is never read.

    Reported: https://github.com/state-spaces/s4/pull/30
    """

    class LM(nn.Module):
        def __init__(self, tie=False):
            super().__init__()
            self.emb = nn.Embedding(20, 8)
            self.rnn = nn.GRU(8, 8, batch_first=True)
            self.decoder = nn.Linear(8, 20)
            if tie:
                self.decoder.weight = self.emb.weight
            self.tie = tie

        def forward(self, ids):
            h, _ = self.rnn(self.emb(ids))
            if self.tie:
                return F.linear(h, self.emb.weight, self.decoder.bias)
            return F.linear(h, self.emb.weight)

    return LM, lambda: LM(tie=True)


@fault("MV101", input_size=(2, 5, 16))
def norm1_twice():
    """A transformer block calls ``norm1`` before both parts.

    Reported: https://github.com/tianzhi0549/FCOS/issues/217
    """

    class Block(nn.Module):
        def __init__(self, dim=16, heads=4):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
            self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
            self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

        def second(self):
            return self.norm1

        def forward(self, x):
            h = self.norm1(x)
            x = x + self.attn(h, h, h, need_weights=False)[0]
            return x + self.mlp(self.second()(x))

    class Mended(Block):
        def second(self):
            return self.norm2

    return (lambda: nn.Sequential(Block(), Block())), (lambda: nn.Sequential(Mended(), Mended()))


@fault("MV102", "MV105", input_size=(2, 7, 12))
def positions_added_to_nothing():
    """``x + self.pos`` stands on a line of its own.

    Reported: https://github.com/Cadene/pretrained-models.pytorch/issues/90
    """

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.pos = nn.Parameter(torch.randn(1, 16, 12) * 0.02)
            layer = nn.TransformerEncoderLayer(12, 2, 24, batch_first=True)
            self.layers = nn.TransformerEncoder(layer, 2)

        def forward(self, x):
            x + self.pos[:, : x.size(1)]
            return self.layers(x)

    class Mended(Encoder):
        def forward(self, x):
            x = x + self.pos[:, : x.size(1)]
            return self.layers(x)

    return Encoder, Mended


@fault("MV102", input_size=(3, 6))
def bias_of_own_linear():
    """A user's own linear layer has a bias that it does not pass on.

    Reported: https://github.com/pytorch/pytorch/issues/19791
    """

    class Dense(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(o, i))
            self.bias = nn.Parameter(torch.zeros(o))
            nn.init.xavier_uniform_(self.weight)

        def forward(self, x):
            return F.linear(x, self.weight)

    class Mended(Dense):
        def forward(self, x):
            return torch.addmm(self.bias, x, self.weight.t())

    def net(dense):
        return nn.Sequential(dense(6, 8), nn.Tanh(), dense(8, 2))

    return (lambda: net(Dense)), (lambda: net(Mended))


@fault("MV102", "MV105", input_size=(2, 5, 8))
def layer_scale_by_another_name():
    """What the learned scale gives is put into a name that is not read again.

    Reported: https://github.com/lucidrains/Mega-pytorch/issues/2
    """

    class Residual(nn.Module):
        def __init__(self, fn, dim):
            super().__init__()
            self.fn, self.gamma = fn, nn.Parameter(1e-1 * torch.ones(dim))

        def forward(self, x):
            out = self.fn(x)
            scaled = self.gamma * out
            return x + out

    class Mended(Residual):
        def forward(self, x):
            return torch.addcmul(x, self.gamma, self.fn(x))

    def net(cls):
        return nn.Sequential(
            *(
                cls(nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 8)), 8)
                for _ in range(2)
            )
        )

    return (lambda: net(Residual)), (lambda: net(Mended))


@fault("MV105", "MV102", input_size=(3, 12))
def reconstruction_not_returned():
    """An autoencoder computes its reconstruction, and returns the code alone.

    Reported: https://github.com/cyclomon/UNSB/issues/29
    """

    class Auto(nn.Module):
        def __init__(self):
            super().__init__()
            self.enc = nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 2))
            self.dec = nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 12))

        def forward(self, x):
            z = self.enc(x)
            out = self.dec(z)
            return self.give(z, out)

        def give(self, z, out):
            return z

    class Mended(Auto):
        def give(self, z, out):
            return out

    return Auto, Mended


@fault("MV105", "MV102", input_size=(2, 3, 16, 16))
def only_the_last_scale_is_read():
    """Three scales are projected, and the last alone is read.

    Reported: https://github.com/cyclomon/UNSB/issues/29
    """

    class MultiScale(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.ModuleList(nn.Conv2d(3, 4, 5, 2**i, 2) for i in range(3))
            self.head = nn.Conv2d(4, 2, 1)

        def fuse(self, feats):
            return feats[-1]

        def forward(self, x):
            feats = [F.interpolate(F.relu(d(x)), size=(8, 8)) for d in self.down]
            return self.head(self.fuse(feats))

    class Mended(MultiScale):
        def fuse(self, feats):
            return torch.stack(feats).amax(0)

    return MultiScale, Mended


@fault("MV106", input_data=[torch.randn(3, 7, 5), torch.tensor([7, 4, 2])])
def lengths_not_packed():
    """Lengths are given, and the recurrence runs over the padding.

    Reported: https://github.com/lucidrains/Mega-pytorch/issues/2
    """

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(5, 6, batch_first=True)
            self.fc = nn.Linear(6, 2)

        def forward(self, x, lengths):
            _, (h, _) = self.rnn(x)
            return self.fc(h[-1])

    class Mended(Encoder):
        def forward(self, x, lengths):
            x = nn.utils.rnn.pack_padded_sequence(
                x, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            _, (h, _) = self.rnn(x)
            return self.fc(h[-1])

    return Encoder, Mended


@fault("MV106", "MV102", "MV105", input_data=[torch.randn(2, 4, 8, 8), torch.tensor([3, 50])])
def step_of_a_diffusion_lost():
    """The step is embedded, and the block is called without it.

    Reported: https://github.com/lucidrains/Mega-pytorch/issues/2
    """

    class Denoiser(nn.Module):
        def __init__(self, dim=8):
            super().__init__()
            self.time = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))
            self.inp, self.out = nn.Conv2d(4, dim, 3, padding=1), nn.Conv2d(dim, 4, 3, padding=1)
            self.dim = dim

        def sinusoids(self, t):
            freq = torch.exp(-torch.arange(self.dim // 2, device=t.device) / (self.dim // 2) * 9.2)
            a = t[:, None].float() * freq
            return torch.cat([a.sin(), a.cos()], -1)

        def join(self, h, emb):
            return h

        def forward(self, x, t):
            emb = self.time(self.sinusoids(t))
            return self.out(F.silu(self.join(self.inp(x), emb)))

    class Mended(Denoiser):
        def join(self, h, emb):
            return h + emb[:, :, None, None]

    return Denoiser, Mended


@fault("MV106", input_data=[torch.randn(2, 4, 4, 4), torch.randn(2, 3, 9, 9)])
def picture_for_its_size_alone():
    """The picture is not looked at; mended, the masks get its size, and that alone is asked.

    Reported: https://github.com/NVlabs/PWC-Net/issues/110
    """

    class Masks(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Conv2d(4, 2, 1)

        def forward(self, feats, image):
            return F.interpolate(self.head(feats), scale_factor=2)

    class Mended(Masks):
        def forward(self, feats, image):
            return F.interpolate(self.head(feats), size=image.shape[-2:])

    return Masks, Mended


@fault("MV101", input_size=(2, 3, 8, 8))
def attention_gate_never_used():
    """A squeeze gate is made for each block and one block's forward skips it.

    Reported: https://github.com/NVlabs/PWC-Net/issues/110
    """

    class SE(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.fc = nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(c, c // 2, 1),
                nn.ReLU(),
                nn.Conv2d(c // 2, c, 1),
                nn.Sigmoid(),
            )

        def forward(self, x):
            return x * self.fc(x)

    class Block(nn.Module):
        def __init__(self, i, o, use):
            super().__init__()
            self.conv, self.se, self.use = nn.Conv2d(i, o, 3, padding=1), SE(o), use

        def forward(self, x):
            x = F.relu(self.conv(x))
            return self.se(x) if self.use else x

    return (lambda: nn.Sequential(Block(3, 4, True), Block(4, 4, False))), (
        lambda: nn.Sequential(Block(3, 4, True), Block(4, 4, True))
    )


@fault("MV102", input_size=(2, 6, 8))
def relative_bias_not_added():
    """A table of relative biases is looked up and the scores are taken without it.

    Reported: https://github.com/pytorch/pytorch/issues/19791
    """

    class Attn(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.table = nn.Linear(8, 24), nn.Parameter(torch.zeros(11, 2))
            i = torch.arange(6)
            self.register_buffer("index", i[:, None] - i[None] + 5)

        def forward(self, x):
            q, k, v = self.qkv(x).view(2, 6, 3, 2, 4).permute(2, 0, 3, 1, 4)
            bias = self.table[self.index].permute(2, 0, 1)
            return (
                F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask(bias))
                .transpose(1, 2)
                .flatten(2)
            )

        def mask(self, bias):
            return None

    class Mended(Attn):
        def mask(self, bias):
            return bias

        def forward(self, x):
            n = x.size(0)
            q, k, v = self.qkv(x).view(n, 6, 3, 2, 4).permute(2, 0, 3, 1, 4)
            bias = self.table[self.index].permute(2, 0, 1)
            return (
                F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)
            )

    return Attn, Mended
