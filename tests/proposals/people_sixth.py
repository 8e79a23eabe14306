"""Models as people write them: levels, places, graphs, sound, axes that the forward names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from tests.proposals.people_fifth import wanted


@wanted((1, 3, 224, 224), (1,))
class NoiseConditioned(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Conv2d(3, 16, 3, padding=1)
        self.level = nn.Linear(16, 16)
        self.out = nn.Conv2d(16, 3, 3, padding=1)
        self.register_buffer("freqs", torch.randn(8))

    def forward(self, x, sigma):
        t = sigma.log()[:, None] * self.freqs[None]
        h = self.inner(x) + self.level(torch.cat([t.sin(), t.cos()], -1))[:, :, None, None]
        return self.out(h) / sigma.view(-1, 1, 1, 1)


@wanted((1, 2), (1,))
class FlowMatching(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, t[:, None]], -1))


@wanted((32, 16), (32, 3), ((2, 32), "int64"))
class EquivariantLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.edge = nn.Linear(33, 32)
        self.node = nn.Linear(48, 16)

    def forward(self, h, x, edge_index):
        row, col = edge_index
        distance = (x[row] - x[col]).pow(2).sum(-1, keepdim=True)
        message = F.silu(self.edge(torch.cat([h[row], h[col], distance], -1)))
        gathered = torch.zeros(h.size(0), 32).index_add(0, row, message)
        return self.node(torch.cat([h, gathered], -1)), x


@wanted((1, 32, 32), (1, 32, 3))
class EquivariantDense(nn.Module):
    def __init__(self):
        super().__init__()
        self.edge = nn.Linear(65, 16)

    def forward(self, feats, coors):
        b, n, d = feats.shape
        distance = (coors[:, :, None] - coors[:, None]).pow(2).sum(-1, keepdim=True)
        ends = feats[:, :, None].expand(b, n, n, d), feats[:, None].expand(b, n, n, d)
        return self.edge(torch.cat([*ends, distance], -1)).sum(2)


@wanted((32, 1433), (32, 32))
class NormalizedGCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(1433, 16), nn.Linear(16, 7)

    def forward(self, x, A_hat):
        return A_hat @ self.second(F.relu(A_hat @ self.first(x)))


@wanted((32, 8), (32, 32))
class Chebyshev(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 8, 4))

    def forward(self, x, laplacian):
        terms = [x, laplacian @ x]
        terms.append(2 * laplacian @ terms[1] - terms[0])
        return sum(term @ weight for term, weight in zip(terms, self.weight, strict=True))


@wanted((1, 16000))
class Spectrogram(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("window", torch.hann_window(400))
        self.conv = nn.Conv2d(1, 8, 3)

    def forward(self, audio):
        spectrum = torch.stft(audio, 400, 160, window=self.window, return_complex=True).abs()
        return self.conv(spectrum.unsqueeze(1)).mean((2, 3))


@wanted(((32, 1), "int64"))
class SaysTimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 16)
        self.mix = nn.Linear(16, 3)

    def forward(self, text):
        # text = [sent len, batch size]
        return self.mix(self.embedding(text)).mean(0)


@wanted((1, 32, 16), ((1, 32), "bool"))
class MaskedMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(16, 8)

    def forward(self, x, mask):
        return (self.inner(x) * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


@wanted((1, 8, 3, 64, 64))
class PatchesOfVideo(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(768, 32)
        self.places = nn.Parameter(torch.zeros(1, 8, 16, 32))

    def forward(self, video):
        b, t, c, h, w = video.shape
        x = video.reshape(b, t, c, h // 16, 16, w // 16, 16).permute(0, 1, 3, 5, 2, 4, 6)
        return (self.embed(x.reshape(b, t, -1, c * 256)) + self.places).mean((1, 2))


@wanted((1, 8, 1, 64, 64))
class SeveralViews(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)

    def forward(self, x):
        b, v, c, h, w = x.size()
        return self.conv(x.view(b * v, c, h, w)).mean((2, 3)).view(b, v, -1).amax(1)


@wanted((1, 3, 64, 64))
class PatchesOfPicture(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(192, 32)
        self.places = nn.Parameter(torch.zeros(1, 64, 32))

    def forward(self, img):
        x = img.unfold(2, 8, 8).unfold(3, 8, 8).permute(0, 2, 3, 1, 4, 5)
        return (self.embed(x.reshape(img.shape[0], -1, 192)) + self.places).mean(1)


@wanted((1, 32, 24))
class RootMeanSquare(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(24))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


@wanted((1, 1, 22, 1000))
class Electrodes(nn.Module):
    def __init__(self):
        super().__init__()
        self.along = nn.Conv2d(1, 8, (1, 64), padding=(0, 32), bias=False)
        self.across = nn.Conv2d(8, 16, (22, 1), groups=8, bias=False)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        return self.head(F.elu(self.across(self.along(x))).mean((2, 3)))


@wanted(((1, 32), "int64"), ((1, 32), "int64"))
class LossOfTokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(50, 16), nn.Linear(16, 50)

    def forward(self, input_ids, labels):
        scores = self.head(self.embed(input_ids))
        return F.cross_entropy(scores.view(-1, 50), labels.view(-1))


@wanted((1, 32, 6))
class AddsPlaces(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(6, 32)
        self.places = nn.Parameter(torch.zeros(1, 100, 32))

    def forward(self, x):
        return (self.embed(x) + self.places[:, : x.size(1)]).mean(1)


@wanted((1, 4), ((1,), "int64"))
class OneOfTwoActions(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(6, 4)

    def forward(self, state, action):
        chosen = F.one_hot(action.long(), 2).float()
        return state + self.net(torch.cat([state, chosen], -1))


@wanted(((1, 4), "int64"), (1, 6))
class CategoriesAndNumbers(nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(size, 3) for size in (5, 6, 7, 8)])
        self.head = nn.Linear(18, 1)

    def forward(self, cat, num):
        found = [table(cat[:, place]) for place, table in enumerate(self.tables)]
        return self.head(torch.cat([*found, num], 1))


@wanted((1, 12, 8, 8))
class Board(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(12, 32, 3, padding=1), nn.Linear(2048, 10)

    def forward(self, board):
        return self.head(F.relu(self.conv(board)).view(-1, 2048))


@wanted((1, 1, 64, 64), (1, 16, 64, 64), (1, 16, 64, 64))
class ConvolutionalCell(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates = nn.Conv2d(17, 64, 3, padding=1)

    def forward(self, x, hidden):
        h, c = hidden
        i, f, o, g = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
