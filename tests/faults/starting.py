"""Weights at the start, and what makes a model slow."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV601", input_size=(2, 6, 8))
def zero_times_minus_infinity():
    """A mask as a triangle of ones times minus infinity is NaN where it should be 0.

    Reported: https://github.com/wagonhelm/NaNmnist/issues/2
    """

    class Attn(nn.Module):
        def __init__(self, mask):
            super().__init__()
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
            self.register_buffer("mask", mask)

        def forward(self, x):
            n = x.size(1)
            return self.attn(x, x, x, attn_mask=self.mask[:n, :n], need_weights=False)[0]

    return (lambda: Attn(torch.ones(8, 8).triu(1) * float("-inf"))), (
        lambda: Attn(torch.full((8, 8), float("-inf")).triu(1))
    )


@fault("MV601", input_size=(2, 8))
def logarithm_of_zero_as_a_parameter():
    """A rate is kept as its logarithm, and begins at zero.

    Reported: https://github.com/wagonhelm/NaNmnist/issues/2
    """

    class Decay(nn.Module):
        def __init__(self, first):
            super().__init__()
            self.rate = nn.Parameter(torch.log(torch.arange(first, first + 8.0)))
            self.fc = nn.Linear(8, 2)

        def forward(self, x):
            return self.fc(x * torch.exp(-self.rate.exp()))

    return (lambda: Decay(0.0)), (lambda: Decay(1.0))


@fault("MV602", input_size=(2, 8))
def hidden_layer_of_zeros():
    """Hidden weights of one half; mended, the last layer begins at zero, as it may.

    Reported: https://github.com/nndl/nndl-discussion/issues/14
    """

    def net(zero):
        model = nn.Sequential(
            nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)
        )
        if zero:
            nn.init.zeros_(model[-1].weight)
            nn.init.zeros_(model[-1].bias)
        else:
            nn.init.constant_(model[2].weight, 0.5)
        return model

    return (lambda: net(False)), (lambda: net(True))


@fault("MV603", input_size=(2, 64))
def weights_in_units_of_pixels():
    """Weights are drawn between -255 and 255; mended, large ones are scaled in the forward.

    Reported: arXiv 1910.11015 (wrong weights initialisation)
    """

    class Equal(nn.Module):
        def __init__(self, i, o, rate=0.01):
            super().__init__()
            self.weight, self.bias = (
                nn.Parameter(torch.randn(o, i) / rate),
                nn.Parameter(torch.zeros(o)),
            )
            self.scale = rate / math.sqrt(i)

        def forward(self, x):
            return F.linear(x, self.weight * self.scale, self.bias)

    def net():
        model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 2))
        nn.init.uniform_(model[0].weight, -255, 255)
        return model

    return net, lambda: nn.Sequential(Equal(64, 32), nn.LeakyReLU(0.2), Equal(32, 2))


@fault("MV603", input_size=(2, 3, 8, 8))
def convolution_drawn_too_small():
    """A loop over the modules sets all weights to a deviation of 1e-6.

    Reported: arXiv 1910.11015 (wrong weights initialisation)
    """

    def net(std):
        model = nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.ELU(),
            nn.Conv2d(8, 4, 3),
            nn.ELU(),
            nn.Flatten(),
            nn.Linear(64, 2),
        )
        for m in model.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.normal_(m.weight, 0, std)
        return model

    return (lambda: net(1e-6)), (lambda: net(2e-2))


@fault("MV305", input_size=(2, 4, 6))
def bias_of_a_transposed_convolution():
    """A transposed convolution with a bias before its norm; mended, an activation stands between.

    Reported: arXiv 1910.11015 (layers: redundant)
    """

    def net(*mid):
        return nn.Sequential(nn.ConvTranspose1d(4, 8, 4, 2, 1), *mid, nn.BatchNorm1d(8), nn.SiLU())

    return net, (lambda: net(nn.ReLU()))


@fault("MV305", input_size=(2, 3, 8, 8))
def bias_before_instance_norm():
    """Instance normalisation takes the bias off as well; a group norm of one group does not.

    Reported: arXiv 1910.11015 (layers: redundant)
    """

    def net(norm):
        return nn.Sequential(nn.Conv2d(3, 8, 3), norm, nn.ReLU(), nn.Conv2d(8, 2, 1))

    return (lambda: net(nn.InstanceNorm2d(8))), (lambda: net(nn.GroupNorm(1, 8)))


@fault("MV306", input_size=(4, 8))
def dropout_a_layer_before_the_norm():
    """Dropout, linear layer, batch normalisation; mended, dropout after it.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    def net(before, after):
        return nn.Sequential(
            nn.Linear(8, 16),
            nn.ReLU(),
            before,
            nn.Linear(16, 16, bias=False),
            nn.BatchNorm1d(16),
            nn.ReLU(),
            after,
            nn.Linear(16, 2),
        )

    return (lambda: net(nn.Dropout(0.5), nn.Identity())), (
        lambda: net(nn.Identity(), nn.Dropout(0.5))
    )


@fault("MV701", input_size=(8, 64, 256))
def vocabulary_of_gpt2():
    """A head of 50257 words; mended, of 50304.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    def net(v):
        return nn.Sequential(nn.Linear(256, 256), nn.GELU(), nn.Linear(256, v))

    return (lambda: net(10057)), (lambda: net(10064))


@fault("MV702", input_size=(2, 6, 16))
def attention_by_einsum():
    """Attention of a vision model, by einsum and with a dropout; mended, by the fused one.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    class Attn(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.drop = nn.Linear(16, 48), nn.Dropout(0.1)

        def attend(self, q, k, v):
            a = torch.einsum("bhid,bhjd->bhij", q, k).mul(8**-0.5).softmax(-1)
            return torch.einsum("bhij,bhjd->bhid", self.drop(a), v)

        def forward(self, x):
            q, k, v = self.qkv(x).unflatten(-1, (3, 2, 8)).permute(2, 0, 3, 1, 4)
            return self.attend(q, k, v).transpose(1, 2).flatten(2)

    class Mended(Attn):
        def attend(self, q, k, v):
            return F.scaled_dot_product_attention(
                q, k, v, dropout_p=self.drop.p if self.training else 0.0
            )

    return Attn, Mended


@fault("MV703", input_size=(4, 8))
def rows_chosen_by_a_mask():
    """Rows are taken by a boolean mask, whose number the host must know.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.head = nn.Linear(8, 8), nn.Linear(8, 2)

        def pick(self, h, keep):
            return h[keep].sum(0) + h.mean(0, keepdim=True) * 0

        def forward(self, x):
            h = torch.tanh(self.fc(x))
            return self.head(self.pick(h, h.norm(dim=1) > 1)) + self.head(h)

    class Mended(Net):
        def pick(self, h, keep):
            return torch.where(keep[:, None], h, torch.zeros_like(h))

    return Net, Mended


@fault("MV703", input_data=[torch.randn(3, 7, 8), torch.tensor([7, 3, 5])])
def longest_of_the_lengths():
    """``int(lengths.max())`` cuts the sequence; mended, a mask of the width that is there.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 2)

        def width(self, x, lengths):
            return int(lengths.max())

        def forward(self, x, lengths):
            n = self.width(x, lengths)
            keep = torch.arange(n, device=x.device)[None] < lengths[:, None]
            return self.fc(x[:, :n].masked_fill(~keep[..., None], 0.0)).amax(1)

    class Mended(Net):
        def width(self, x, lengths):
            return x.size(1)

    return Net, Mended


@fault("MV704", input_size=(2, 40, 8))
def steps_through_a_layer_one_by_one():
    """Each step of a sequence goes through the same layer in a loop of Python.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 4)

        def forward(self, x):
            return torch.stack([torch.tanh(self.fc(x[:, t])) for t in range(x.size(1))], 1)

    class Mended(Net):
        def forward(self, x):
            return torch.tanh(self.fc(x))

    return Net, Mended


@fault("MV601", input_size=(2, 8))
def nan_in_an_embedding_of_missing():
    """A learned default for missing values is initialised with NaN.

    Reported: https://github.com/wagonhelm/NaNmnist/issues/2
    """

    class Net(nn.Module):
        def __init__(self, fill):
            super().__init__()
            self.default, self.fc = nn.Parameter(torch.full((8,), fill)), nn.Linear(8, 2)

        def forward(self, x):
            return self.fc(torch.where(x.isnan(), self.default, x))

    return (lambda: Net(float("nan"))), (lambda: Net(0.0))


@fault("MV602", input_size=(2, 8))
def both_layers_at_one_half():
    """``fill_`` over all matrices in a loop over parameters.

    Reported: https://github.com/nndl/nndl-discussion/issues/14
    """

    def net(same):
        model = nn.Sequential(nn.Linear(8, 6), nn.Sigmoid(), nn.Linear(6, 2))
        with torch.no_grad():
            for p in model.parameters():
                if p.dim() > 1 and same:
                    p.fill_(0.5)
        return model

    return (lambda: net(True)), (lambda: net(False))


@fault("MV702", input_size=(2, 6, 16))
def heads_one_after_another():
    """Each head is a module that writes its attention out.

    Reported: arXiv 1910.11015 (suboptimal network structure)
    """

    class Head(nn.Module):
        def __init__(self, fused):
            super().__init__()
            self.q, self.k, self.v, self.fused = (
                nn.Linear(16, 8),
                nn.Linear(16, 8),
                nn.Linear(16, 8),
                fused,
            )

        def forward(self, x):
            q, k, v = self.q(x), self.k(x), self.v(x)
            if self.fused:
                return F.scaled_dot_product_attention(q, k, v, is_causal=True)
            w = q @ k.transpose(-2, -1) * 8**-0.5
            w = w.masked_fill(torch.ones(6, 6).triu(1).bool(), float("-inf"))
            return F.softmax(w, dim=-1) @ v

    class Heads(nn.Module):
        def __init__(self, fused):
            super().__init__()
            self.heads = nn.ModuleList(Head(fused) for _ in range(2))

        def forward(self, x):
            return torch.cat([h(x) for h in self.heads], -1)

    return (lambda: Heads(False)), (lambda: Heads(True))
