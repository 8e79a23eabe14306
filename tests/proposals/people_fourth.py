"""Models as people write them: what they take shows in what their forwards do with it alone."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from tests.proposals.people import model


@model
class NavierStokesPINN(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(3, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 2)
        )
        self.lambda1 = nn.Parameter(torch.zeros(1))

    def forward(self, x, y, t):
        out = self.net(torch.hstack((x, y, t)))
        psi, p = out[:, 0:1], out[:, 1:2]
        return psi * self.lambda1, p


@model
class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 50), nn.Tanh(), nn.Linear(50, 2))

    def forward(self, t, y):
        return self.net(y**3)


class ConvLSTMCell(nn.Module):
    def __init__(self, cin, hid, k):
        super().__init__()
        self.hid = hid
        self.conv = nn.Conv2d(cin + hid, 4 * hid, k, padding=k // 2)

    def forward(self, inp, cur):
        h, c = cur
        gates = self.conv(torch.cat([inp, h], dim=1))
        i, f, o, g = torch.split(gates, self.hid, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def init_hidden(self, bs, size):
        return (torch.zeros(bs, self.hid, *size), torch.zeros(bs, self.hid, *size))


@model
class ConvLSTMNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.ModuleList([ConvLSTMCell(1, 16, 3), ConvLSTMCell(16, 8, 3)])
        self.head = nn.Conv2d(8, 1, 1)

    def forward(self, input_tensor, hidden_state=None):
        b, _, _, h, w = input_tensor.size()
        cur = input_tensor
        for cell in self.cells:
            st = cell.init_hidden(b, (h, w))
            outs = []
            for t in range(cur.size(1)):
                st = cell(cur[:, t, :, :, :], st)
                outs.append(st[0])
            cur = torch.stack(outs, dim=1)
        return self.head(cur[:, -1])


@model
class CNNLSTMVideo(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.rnn = nn.LSTM(16, 32, batch_first=True)
        self.fc = nn.Linear(32, classes)

    def forward(self, frames):
        feats = []
        for i in range(frames.shape[1]):
            feats.append(self.cnn(frames[:, i]))
        out, _ = self.rnn(torch.stack(feats, 1))
        return self.fc(out[:, -1])


@model
class EdgeListSAGE(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(10, 8)
        self.b = nn.Linear(16, 4)

    def agg(self, h, row, col):
        out = torch.zeros_like(h)
        out.scatter_add_(0, row.unsqueeze(-1).expand(-1, h.size(1)), h[col])
        return out

    def forward(self, feats, edges):
        row, col = edges[0], edges[1]
        h = F.relu(self.a(torch.cat([feats, self.agg(feats, row, col)], 1)))
        return self.b(torch.cat([h, self.agg(h, row, col)], 1))


@model
class EdgeConditioned(nn.Module):
    def __init__(self):
        super().__init__()
        self.msg = nn.Sequential(nn.Linear(6 + 6 + 3, 12), nn.ReLU(), nn.Linear(12, 12))
        self.upd = nn.GRUCell(12, 6)

    def forward(self, x, edge_index, edge_attr):
        s, d = edge_index[0], edge_index[1]
        m = self.msg(torch.cat([x[s], x[d], edge_attr], dim=-1))
        agg = x.new_zeros(x.size(0), 12).index_add_(0, d, m)
        return self.upd(agg, x)


@model
class GATDense(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(8, 4))
        self.a = nn.Parameter(torch.randn(8, 1))

    def forward(self, h, A):
        Wh = h @ self.W
        n = Wh.size(0)
        pair = torch.cat([Wh.repeat_interleave(n, 0), Wh.repeat(n, 1)], 1)
        e = F.leaky_relu((pair @ self.a).view(n, n), 0.2)
        att = torch.where(A > 0, e, torch.full_like(e, -9e15)).softmax(1)
        return F.elu(att @ Wh)


@model
class SchNetLite(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(100, 16)
        self.filt = nn.Sequential(nn.Linear(1, 16), nn.Softplus(), nn.Linear(16, 16))
        self.out = nn.Linear(16, 1)

    def forward(self, z, pos):
        h = self.emb(z)
        d = (pos[:, None] - pos[None]).norm(dim=-1, keepdim=True)
        h = h + (self.filt(d) * h[None]).sum(1)
        return self.out(h).sum()


@model
class LatentDenoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Conv2d(4, 32, 3, padding=1)
        self.tm = nn.Sequential(nn.Linear(32, 32), nn.SiLU())
        self.q = nn.Linear(32, 32)
        self.k = nn.Linear(48, 32)
        self.v = nn.Linear(48, 32)
        self.out = nn.Conv2d(32, 4, 3, padding=1)

    def temb(self, t):
        f = torch.exp(-math.log(10000) * torch.arange(16) / 16)
        a = t[:, None].float() * f[None]
        return torch.cat([a.sin(), a.cos()], -1)

    def forward(self, x, t, context):
        h = self.inp(x) + self.tm(self.temb(t))[:, :, None, None]
        b, c, H, W = h.shape
        q = self.q(h.flatten(2).transpose(1, 2))
        k = self.k(context)
        v = self.v(context)
        a = F.scaled_dot_product_attention(q, k, v)
        return self.out(h + a.transpose(1, 2).reshape(b, c, H, W))


@model
class ScratchMHA(nn.Module):
    def __init__(self, d=32, h=4):
        super().__init__()
        self.h, self.dk = h, d // h
        self.lin = nn.ModuleList([nn.Linear(d, d) for _ in range(4)])

    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        nb = query.size(0)
        q, k, v = [
            lin(x).view(nb, -1, self.h, self.dk).transpose(1, 2)
            for lin, x in zip(self.lin, (query, key, value), strict=False)
        ]
        s = q @ k.transpose(-2, -1) / math.sqrt(self.dk)
        if mask is not None:
            s = s.masked_fill(mask == 0, -1e9)
        o = s.softmax(-1) @ v
        return self.lin[-1](o.transpose(1, 2).contiguous().view(nb, -1, self.h * self.dk))


@model
class WavToMelCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("win", torch.hann_window(400))
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.fc = nn.Linear(8, 4)

    def forward(self, wav):
        s = torch.stft(wav, 400, 160, window=self.win, return_complex=True).abs().unsqueeze(1)
        return self.fc(self.conv(torch.log1p(s)).mean((2, 3)))


@model
class StarArgs(nn.Module):
    def __init__(self):
        super().__init__()
        self.towers = nn.ModuleList([nn.Linear(10, 8), nn.Linear(20, 8)])

    def forward(self, *inputs):
        return sum(t(i) for t, i in zip(self.towers, inputs, strict=False))


@model
def QuantIn():
    class Q(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.ao.nn.quantized.Linear(12, 4)

        def forward(self, x):
            return self.fc(x).dequantize()

    return Q()


@model
class TakesPacked(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(10, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, packed: PackedSequence):
        out, (_h, _c) = self.lstm(packed)
        padded, lens = pad_packed_sequence(out, batch_first=True)
        return self.fc(padded[torch.arange(padded.size(0)), lens - 1])


@model
class UniLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1 = nn.LSTMCell(1, 51)
        self.lstm2 = nn.LSTMCell(51, 51)
        self.linear = nn.Linear(51, 1)

    def forward(self, inp, future=0):
        outputs = []
        h = torch.zeros(inp.size(0), 51)
        c = torch.zeros(inp.size(0), 51)
        h2 = torch.zeros(inp.size(0), 51)
        c2 = torch.zeros(inp.size(0), 51)
        for step in inp.split(1, dim=1):
            h, c = self.lstm1(step, (h, c))
            h2, c2 = self.lstm2(h, (h2, c2))
            outputs.append(self.linear(h2))
        return torch.cat(outputs, 1)


@model
class MF(nn.Module):
    def __init__(self):
        super().__init__()
        self.u = nn.Embedding(100, 8)
        self.i = nn.Embedding(200, 8)
        self.ub = nn.Embedding(100, 1)

    def forward(self, user_ids, item_ids):
        return (self.u(user_ids) * self.i(item_ids)).sum(1) + self.ub(user_ids).squeeze()


@model
class GINPool(nn.Module):
    def __init__(self):
        super().__init__()
        self.eps = nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(
            nn.Linear(11, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16)
        )
        self.out = nn.Linear(16, 3)

    def forward(self, node_feat, edge_index, batch_index):
        agg = torch.zeros_like(node_feat).index_add_(0, edge_index[1], node_feat[edge_index[0]])
        h = self.mlp((1 + self.eps) * node_feat + agg)
        num = batch_index.max().item() + 1
        pooled = h.new_zeros(num, 16).scatter_add_(0, batch_index[:, None].expand_as(h), h)
        return self.out(pooled)


@model
class InteractionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(10, 8)
        self.n = nn.Linear(12, 4)

    def forward(self, nodes, senders, receivers, edges):
        m = F.relu(self.e(torch.cat([nodes[senders], nodes[receivers], edges], 1)))
        agg = torch.zeros(nodes.size(0), 8).index_add(0, receivers, m)
        return self.n(torch.cat([nodes, agg], 1))


@model
class CDisc(nn.Module):
    def __init__(self):
        super().__init__()
        self.label_embedding = nn.Embedding(10, 10)
        self.model = nn.Sequential(nn.Linear(10 + 784, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, img, labels):
        d_in = torch.cat((img.view(img.size(0), -1), self.label_embedding(labels)), -1)
        return self.model(d_in)


@model
class GoalCritic(nn.Module):
    def __init__(self, obs_size=8, act_size=2, goal_size=3):
        super().__init__()
        self.q = nn.Sequential(
            nn.Linear(obs_size + act_size + goal_size, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, s, a, g):
        return self.q(torch.cat([s, a, g], dim=-1))


@model
class CrossDims(nn.Module):
    def __init__(self):
        super().__init__()
        self.wq = nn.Linear(24, 16)
        self.wk = nn.Linear(20, 16)
        self.wv = nn.Linear(28, 16)

    def forward(self, q, k, v):
        att = torch.softmax(torch.bmm(self.wq(q), self.wk(k).transpose(1, 2)) / 4.0, -1)
        return torch.bmm(att, self.wv(v))


@model
class DictSample(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(7, 3)
        self.l = nn.Linear(8, 2)

    def forward(self, sample):
        return self.l(torch.cat([sample["cont"], self.e(sample["cat"])], dim=1))


@model
class StarModal(nn.Module):
    def __init__(self):
        super().__init__()
        self.encs = nn.ModuleList(nn.Linear(n, 16) for n in (20, 33, 7))
        self.head = nn.Linear(48, 2)

    def forward(self, *modalities):
        assert len(modalities) == len(self.encs)
        return self.head(torch.cat([e(m) for e, m in zip(self.encs, modalities, strict=False)], 1))


@model
class Warper(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3)

    def forward(self, x, theta):
        grid = F.affine_grid(theta, x.size(), align_corners=False)
        return self.c(F.grid_sample(x, grid, align_corners=False))


@model
class AttnCaptioner(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(90, 16)
        self.att = nn.Linear(32 + 24, 1)
        self.cell = nn.LSTMCell(48, 24)
        self.fc = nn.Linear(24, 90)
        self.h0 = nn.Linear(32, 24)

    def forward(self, features, captions):
        e = self.emb(captions)
        h = self.h0(features.mean(1))
        c = torch.zeros_like(h)
        outs = []
        for t in range(captions.size(1)):
            a = self.att(
                torch.cat([features, h.unsqueeze(1).expand(-1, features.size(1), -1)], -1)
            ).softmax(1)
            h, c = self.cell(torch.cat([e[:, t], (a * features).sum(1)], 1), (h, c))
            outs.append(self.fc(h))
        return torch.stack(outs, 1)
