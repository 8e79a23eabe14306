"""More models as people write them, whose inputs take more than a look at the first layer.

Shapes stand in checks, comments, docstrings and annotations; batches are dicts, lists, named
tuples and dataclasses; lengths, classes and settings go beside tensors.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.proposals.people import model

Batch = namedtuple("Batch", "src trg")


@dataclass
class Obs:
    image: Tensor
    proprio: Tensor


@dataclass
class Sample:
    image: Tensor
    mask: Tensor
    label: Tensor | None = None


@model
class AssertsShape(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(5, 8, 3, padding=1)
        self.f = nn.Linear(8, 3)

    def forward(self, x):
        assert x.ndim == 4 and x.shape[1:] == (5, 52, 76), (
            f"expected (B, 5, 52, 76), got {tuple(x.shape)}"
        )
        return self.f(self.c(x).mean((2, 3)))


@model
class RaisesShape(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(16, 3)
        self.img_size = (40, 24)
        self.c = nn.Conv2d(1, 16, 3)

    def forward(self, x):
        _b, _c, h, w = x.shape
        if (h, w) != self.img_size:
            raise ValueError(
                f"Input image size ({h}*{w}) doesn't match model "
                f"({self.img_size[0]}*{self.img_size[1]})."
            )
        return self.f(self.c(x).amax((2, 3)))


@model
class ConfigViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.cfg = SimpleNamespace(
            image_size=48, patch_size=8, channels=4, dim=32, depth=1, heads=4, num_classes=6
        )
        c = self.cfg
        self.to_patch = nn.Linear(c.patch_size**2 * c.channels, c.dim)
        self.pos = nn.Parameter(torch.randn(1, 37, c.dim))
        self.cls = nn.Parameter(torch.randn(1, 1, c.dim))
        self.enc = nn.TransformerEncoderLayer(c.dim, c.heads, 64, batch_first=True)
        self.head = nn.Linear(c.dim, 6)

    def forward(self, img):
        p = self.cfg.patch_size
        x = F.unfold(img, p, stride=p).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), self.to_patch(x)], 1) + self.pos
        return self.head(self.enc(x)[:, 0])


@model
class TwoHeadsDet(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.SiLU(), nn.Conv2d(8, 16, 3, 2, 1))
        self.c = nn.Conv2d(16, 20, 1)
        self.r = nn.Conv2d(16, 4, 1)

    def forward(self, images: list[Tensor]):
        x = self.b(torch.stack(images))
        return {"cls": self.c(x), "box": self.r(x)}


@model
class CrossImage(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Conv2d(64, 32, 1)
        self.k = nn.Conv2d(64, 32, 1)
        self.g = nn.Parameter(torch.zeros(1))

    def forward(self, feat_q, feat_kv):
        _b, _c, _h, _w = feat_q.shape
        q = self.q(feat_q).flatten(2)
        k = self.k(feat_kv).flatten(2)
        return self.g * (q.transpose(1, 2) @ k).softmax(-1)


@model
class PackedClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(70, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(12, 3)

    def forward(self, text, text_lengths):
        p = nn.utils.rnn.pack_padded_sequence(
            self.emb(text), text_lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        _, h = self.rnn(p)
        return self.fc(torch.cat([h[-2], h[-1]], 1))


@model
class AttnDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 16)
        self.gru = nn.GRU(32, 16, batch_first=True)
        self.out = nn.Linear(16, 30)
        self.att = nn.Linear(32, 1)

    def forward(self, input, hidden, encoder_outputs):
        e = self.embedding(input)
        q = hidden.permute(1, 0, 2).expand_as(encoder_outputs)
        w = self.att(torch.cat([q, encoder_outputs], -1)).softmax(1)
        c = (w * encoder_outputs).sum(1, keepdim=True)
        o, hidden = self.gru(torch.cat([e, c], -1), hidden)
        return self.out(o), hidden


@model
class BertLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Embedding(120, 24)
        self.p = nn.Embedding(32, 24)
        self.t = nn.Embedding(2, 24)
        self.enc = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(24, 3, 48, batch_first=True), 1, enable_nested_tensor=False
        )
        self.pool = nn.Linear(24, 24)

    def forward(
        self,
        input_ids: torch.LongTensor,
        token_type_ids: torch.LongTensor | None = None,
        attention_mask: torch.Tensor | None = None,
    ):
        pos = torch.arange(input_ids.size(1), device=input_ids.device)[None]
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        x = self.w(input_ids) + self.p(pos) + self.t(token_type_ids)
        x = self.enc(
            x, src_key_padding_mask=None if attention_mask is None else attention_mask == 0
        )
        return torch.tanh(self.pool(x[:, 0]))


@model
class DotProduct(nn.Module):
    def __init__(self):
        super().__init__()
        self.user_factors = nn.Embedding(40, 6)
        self.item_factors = nn.Embedding(50, 6)
        self.user_bias = nn.Embedding(40, 1)
        self.item_bias = nn.Embedding(50, 1)

    def forward(self, x):
        u = self.user_factors(x[:, 0])
        i = self.item_factors(x[:, 1])
        return torch.sigmoid(
            (u * i).sum(1, keepdim=True) + self.user_bias(x[:, 0]) + self.item_bias(x[:, 1])
        )


@model
class SkipGram(nn.Module):
    def __init__(self):
        super().__init__()
        self.i = nn.Embedding(70, 9)
        self.o = nn.Embedding(70, 9)

    def forward(self, center, context, negatives):
        c = self.i(center)
        p = (c * self.o(context)).sum(-1)
        n = torch.bmm(self.o(negatives), c.unsqueeze(2)).squeeze(2)
        return -(F.logsigmoid(p) + F.logsigmoid(-n).sum(1)).mean()


@model
class CBOW(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeddings = nn.Embedding(49, 10)
        self.linear1 = nn.Linear(4 * 10, 32)
        self.linear2 = nn.Linear(32, 49)

    def forward(self, inputs):
        e = self.embeddings(inputs).view((1, -1))
        return F.log_softmax(self.linear2(F.relu(self.linear1(e))), 1)


@model
class M5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv1d(1, 8, 80, 16)
        self.b1 = nn.BatchNorm1d(8)
        self.p1 = nn.MaxPool1d(4)
        self.c2 = nn.Conv1d(8, 8, 3)
        self.p2 = nn.MaxPool1d(4)
        self.c3 = nn.Conv1d(8, 16, 3)
        self.p3 = nn.MaxPool1d(4)
        self.c4 = nn.Conv1d(16, 16, 3)
        self.p4 = nn.MaxPool1d(4)
        self.fc = nn.Linear(16, 35)

    def forward(self, x):
        x = self.p1(F.relu(self.b1(self.c1(x))))
        x = self.p2(F.relu(self.c2(x)))
        x = self.p3(F.relu(self.c3(x)))
        x = self.p4(F.relu(self.c4(x)))
        x = F.avg_pool1d(x, x.shape[-1]).permute(0, 2, 1)
        return F.log_softmax(self.fc(x), 2)


@model
class STFTNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("win", torch.hann_window(256))
        self.c = nn.Conv1d(129, 16, 3, padding=1)
        self.f = nn.Linear(16, 4)

    def forward(self, wav):
        sp = torch.stft(wav, 256, 64, window=self.win, return_complex=True).abs()
        return self.f(self.c(sp).mean(-1))


@model
class CTCNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.n_mels = 64
        self.cnn = nn.Conv2d(1, 4, 3, stride=2, padding=1)
        self.rnn = nn.GRU(4 * 32, 16, batch_first=True)
        self.o = nn.Linear(16, 28)

    def forward(self, x):
        x = self.cnn(x)
        b, c, f, t = x.shape
        x = x.view(b, c * f, t).transpose(1, 2)
        return self.o(self.rnn(x)[0]).log_softmax(-1)


@model
class WaveNetish(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(256, 8)
        self.d = nn.ModuleList([nn.Conv1d(8, 16, 2, dilation=2**i) for i in range(3)])
        self.r = nn.Conv1d(8, 8, 1)
        self.o = nn.Conv1d(8, 256, 1)

    def forward(self, x):
        x = self.emb(x).transpose(1, 2)
        for d in self.d:
            a, b = d(F.pad(x, (d.dilation[0], 0))).chunk(2, 1)
            x = x + self.r(torch.tanh(a) * torch.sigmoid(b))
        return self.o(x)


@model
class SpeakerEmb(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(40, 24, 2, batch_first=True)
        self.p = nn.Linear(24, 16)

    def forward(self, mels):
        _, (h, _) = self.lstm(mels)
        e = F.relu(self.p(h[-1]))
        return e / e.norm(dim=1, keepdim=True)


@model
class TTSDur(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(45, 16)
        self.c = nn.Conv1d(16, 16, 3, padding=1)
        self.p = nn.Linear(16, 1)
        self.spk = nn.Embedding(4, 16)

    def forward(self, phonemes, speaker_id, pitch_scale: float = 1.0):
        x = self.e(phonemes) + self.spk(speaker_id).unsqueeze(1)
        return self.p(self.c(x.transpose(1, 2)).transpose(1, 2)).squeeze(-1) * pitch_scale


@model
class WideDeep(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(21, 1)
        self.e = nn.ModuleDict({"city": nn.Embedding(9, 3), "job": nn.Embedding(5, 2)})
        self.deep = nn.Sequential(nn.Linear(13 + 5, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x_wide, x_deep, city, job):
        return self.wide(x_wide) + self.deep(
            torch.cat([x_deep, self.e["city"](city), self.e["job"](job)], -1)
        )


@model
class BatchTab(nn.Module):
    def __init__(self):
        super().__init__()
        self.num = nn.Linear(7, 8)
        self.cat = nn.Embedding(15, 8)
        self.o = nn.Linear(8, 1)

    def forward(self, batch: dict[str, Tensor]):
        return self.o(self.num(batch["numerical"]) + self.cat(batch["categorical"]).sum(1))


@model
class DCInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 8, 3)
        self.p = nn.Linear(14, 8)

    def forward(self, obs: Obs):
        return self.c(obs.image).mean((2, 3)) + self.p(obs.proprio)


@model
class NTInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Embedding(20, 4)
        self.b = nn.Embedding(30, 4)
        self.o = nn.Linear(8, 2)

    def forward(self, batch):
        return self.o(torch.cat([self.a(batch.src).mean(1), self.b(batch.trg).mean(1)], -1))


@model
class TimeSeriesTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_proj = nn.Linear(9, 16)
        self.pos = nn.Parameter(torch.zeros(1, 64, 16))
        self.enc = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.o = nn.Linear(16 * 64, 12)

    def forward(self, x):
        x = self.input_proj(x) + self.pos[:, : x.size(1)]
        return self.o(self.enc(x).flatten(1))


@model
class Informerish(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(7, 16)
        self.mark = nn.Linear(4, 16)
        self.a = nn.MultiheadAttention(16, 4, batch_first=True)
        self.o = nn.Linear(16, 7)

    def forward(self, x_enc, x_mark_enc, x_dec, x_mark_dec, enc_self_mask=None):
        e = self.e(x_enc) + self.mark(x_mark_enc)
        d = self.e(x_dec) + self.mark(x_mark_dec)
        y, _ = self.a(d, e, e)
        return self.o(y)[:, -24:]


@model
class RecurrentPolicy(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(11, 20)
        self.cell = nn.GRUCell(20, 20)
        self.pi = nn.Linear(20, 3)

    def forward(self, obs, rnn_state, done):
        h = self.cell(F.relu(self.enc(obs)), rnn_state * (1 - done).unsqueeze(-1))
        return self.pi(h), h


@model
class LSTMCellState(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(10, 14)
        self.o = nn.Linear(14, 10)

    def forward(self, x, state):
        h, c = self.cell(x, state)
        return self.o(h), (h, c)


@model
class ConvLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = 6
        self.conv = nn.Conv2d(3 + 6, 24, 3, padding=1)

    def forward(self, x, h=None, c=None):
        if h is None:
            h = x.new_zeros(x.size(0), 6, *x.shape[2:])
            c = torch.zeros_like(h)
        i, f, o, g = self.conv(torch.cat([x, h], 1)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


@model
class MPNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.node = nn.Linear(9, 16)
        self.edge = nn.Linear(4, 16)
        self.upd = nn.GRUCell(16, 16)
        self.o = nn.Linear(16, 1)

    def forward(self, x, edge_index, edge_attr, batch):
        h = self.node(x)
        m = F.relu(h[edge_index[0]] + self.edge(edge_attr))
        a = torch.zeros_like(h).index_add_(0, edge_index[1], m)
        h = self.upd(a, h)
        n = int(batch.max()) + 1
        return self.o(torch.zeros(n, 16).index_add_(0, batch, h))


@model
class DataObj(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(5, 7)
        self.o = nn.Linear(7, 2)

    def forward(self, data):
        x, edge_index = data.x, data.edge_index
        x = self.l(x)
        x = torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])
        return self.o(x)


@model
class SchNetish(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(100, 16)
        self.f = nn.Linear(8, 16)
        self.register_buffer("c", torch.linspace(0, 5, 8))
        self.o = nn.Linear(16, 1)

    def forward(self, z, pos):
        d = torch.cdist(pos, pos)
        w = self.f(torch.exp(-((d[..., None] - self.c) ** 2)))
        h = self.e(z)
        h = (w * h[..., None, :, :]).sum(-2)
        return self.o(h).sum(-2)


@model
class NeRF(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_ch, self.input_ch_views = 63, 27
        self.l = nn.Linear(63, 32)
        self.v = nn.Linear(32 + 27, 16)
        self.a = nn.Linear(32, 1)
        self.rgb = nn.Linear(16, 3)

    def forward(self, x):
        p, v = torch.split(x, [self.input_ch, self.input_ch_views], -1)
        h = F.relu(self.l(p))
        return torch.cat([self.rgb(F.relu(self.v(torch.cat([h, v], -1)))), self.a(h)], -1)


@model
class CVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.num_labels = 10
        self.e = nn.Linear(784 + 10, 40)
        self.mu = nn.Linear(40, 8)
        self.lv = nn.Linear(40, 8)
        self.d = nn.Linear(18, 784)

    def forward(self, x, c):
        c = F.one_hot(c, 10).float()
        x = x.view(-1, 784)
        h = F.relu(self.e(torch.cat([x, c], -1)))
        mu, lv = self.mu(h), self.lv(h)
        z = mu + (lv / 2).exp() * torch.randn_like(mu)
        return self.d(torch.cat([z, c], -1)), mu, lv


@model
class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Conv2d(3, 8, 4, 4)
        self.cb = nn.Embedding(32, 8)
        self.d = nn.ConvTranspose2d(8, 3, 4, 4)

    def forward(self, x):
        z = self.e(x).permute(0, 2, 3, 1)
        i = torch.cdist(z.reshape(-1, 8), self.cb.weight).argmin(1)
        q = self.cb(i).view(z.shape)
        return self.d((z + (q - z).detach()).permute(0, 3, 1, 2))


@model
class HyperNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = nn.Linear(6, 3 * 4 + 4)

    def forward(self, x, task_embedding):
        w = self.h(task_embedding)
        return torch.bmm(x.unsqueeze(1), w[:, :12].view(-1, 3, 4)).squeeze(1) + w[:, 12:]


@model
class ListOfScales(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_channels = [16, 32, 64]
        self.lat = nn.ModuleList([nn.Conv2d(c, 8, 1) for c in self.in_channels])

    def forward(self, features):
        outs = [side(f) for side, f in zip(self.lat, features, strict=False)]
        for i in range(2, 0, -1):
            outs[i - 1] = outs[i - 1] + F.interpolate(outs[i], size=outs[i - 1].shape[-2:])
        return outs


@model
class FeatureDict(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(8, 4, 1)
        self.b = nn.Conv2d(16, 4, 1)

    def forward(self, feats: dict[str, Tensor]) -> Tensor:
        return self.a(feats["c2"]) + F.interpolate(self.b(feats["c3"]), size=feats["c2"].shape[2:])


@model
class KwargsOnly(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(13, 3)
        self.e = nn.Embedding(8, 13)

    def forward(self, **inputs):
        return self.l(inputs["values"] + self.e(inputs["ids"]))


@model
class RotaryBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(32, 32)
        self.k = nn.Linear(32, 32)

    def forward(self, x, freqs_cis):
        b, t, _d = x.shape
        q = torch.view_as_complex(self.q(x).float().reshape(b, t, 4, 4, 2))
        q = torch.view_as_real(q * freqs_cis.view(1, t, 1, 4)).flatten(2)
        return q @ self.k(x).transpose(1, 2)


@model
class KVCache(nn.Module):
    def __init__(self):
        super().__init__()
        self.max_seq_len = 32
        self.tok = nn.Embedding(50, 16)
        self.k = nn.Linear(16, 16)
        self.register_buffer("ck", torch.zeros(2, 32, 16))

    def forward(self, tokens: Tensor, start_pos: int):
        b, t = tokens.shape
        k = self.k(self.tok(tokens))
        self.ck[:b, start_pos : start_pos + t] = k
        return self.ck[:b, : start_pos + t].sum(1)


@model
class LossInside(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(12, 5)
        self.crit = nn.CrossEntropyLoss()

    def forward(self, inputs, labels):
        lo = self.l(inputs)
        return {"loss": self.crit(lo, labels), "logits": lo}


@model
class DNA(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 8, (4, 12))
        self.f = nn.Linear(8 * 22, 1)

    def forward(self, seq):
        x = F.max_pool2d(F.relu(self.c(seq.unsqueeze(1))), (1, 4))
        return self.f(x.flatten(1))


@model
class EEGNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 8, (1, 64), padding=(0, 32), bias=False)
        self.b = nn.BatchNorm2d(8)
        self.d = nn.Conv2d(8, 16, (22, 1), groups=8, bias=False)
        self.p = nn.AvgPool2d((1, 32))
        self.f = nn.Linear(16 * 35, 4)

    def forward(self, x):
        return self.f(self.p(F.elu(self.d(self.b(self.a(x))))).flatten(1))


@model
class AssertNoMessage(nn.Module):
    def __init__(self):
        super().__init__()
        self.dim = 37
        self.l = nn.Linear(37, 4)
        self.seq = 19

    def forward(self, x):
        assert x.shape[1] == self.seq and x.shape[2] == self.dim
        return self.l(x)


@model
class RaiseInIf(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Conv2d(2, 4, 3)
        self.h, self.w = 36, 60

    def forward(self, x):
        if x.shape[-2:] != (self.h, self.w):
            raise ValueError("wrong input")
        return self.n(x)


@model
class CommentShape(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(17, 8)
        self.o = nn.Linear(8, 2)

    def forward(self, x, times):
        # x: (batch, time, channels)
        # times: (batch, time)
        h = torch.relu(self.l(x))
        w = times.unsqueeze(-1)
        return self.o((h * w).sum(1))


@model
class DocShape(nn.Module):
    """Args: volume (Tensor): input of shape (B, 1, 24, 40, 40)"""

    def __init__(self):
        super().__init__()
        self.c = nn.Conv3d(1, 4, 3, 2, 1)
        self.f = nn.Linear(4 * 12 * 20 * 20, 3)

    def forward(self, volume):
        return self.f(self.c(volume).flatten(1))


@model
class TupleAnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(9, 4)
        self.b = nn.Linear(5, 4)

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        a, b = inputs
        return self.a(a) + self.b(b)


@model
class ListEmb(nn.Module):
    def __init__(self):
        super().__init__()
        self.es = nn.ModuleList([nn.Embedding(n, 4) for n in (5, 7, 11)])
        self.o = nn.Linear(12, 1)

    def forward(self, xs: list[Tensor]):
        return self.o(torch.cat([e(x) for e, x in zip(self.es, xs, strict=False)], -1))


@model
class DCMask(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(4, 8, 3, padding=1)

    def forward(self, sample: Sample):
        assert isinstance(sample, Sample)
        return self.c(torch.cat([sample.image, sample.mask], 1))


@model
class Kw2(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(30, 8)
        self.f = nn.Linear(8 + 3, 2)

    def forward(self, **batch):
        return self.f(torch.cat([self.e(batch["tokens"]).mean(1), batch["dense"]], -1))


@model
class Lens2(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(13, 6, batch_first=True)
        self.o = nn.Linear(6, 2)

    def forward(self, x, lens):
        p = nn.utils.rnn.pack_padded_sequence(x, lens, batch_first=True, enforce_sorted=False)
        o, _ = nn.utils.rnn.pad_packed_sequence(self.r(p)[0], batch_first=True)
        return self.o(o[torch.arange(len(lens)), lens - 1])


@model
class SeqLengths(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(40, 8)
        self.r = nn.GRU(8, 6)

    def forward(self, input_seq, input_lengths, hidden=None):
        e = self.e(input_seq)
        p = nn.utils.rnn.pack_padded_sequence(e, input_lengths)
        o, h = self.r(p, hidden)
        o, _ = nn.utils.rnn.pad_packed_sequence(o)
        return o, h


@model
class EGNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(2 * 5 + 1, 8)
        self.h = nn.Linear(5 + 8, 5)

    def forward(self, h, x, edge_index):
        r, c = edge_index
        d = ((x[r] - x[c]) ** 2).sum(-1, keepdim=True)
        m = F.silu(self.e(torch.cat([h[r], h[c], d], -1)))
        a = torch.zeros(h.shape[0], 8).index_add(0, r, m)
        return self.h(torch.cat([h, a], -1))


@model
class CritImg(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(10, 32 * 32)
        self.c = nn.Conv2d(4, 8, 4, 2, 1)
        self.o = nn.Linear(8 * 16 * 16, 1)

    def forward(self, img, label):
        x = torch.cat([img, self.e(label).view(-1, 1, 32, 32)], 1)
        return self.o(self.c(x).flatten(1))


@model
class GenLatentLabel(nn.Module):
    def __init__(self):
        super().__init__()
        self.n_classes = 10
        self.l = nn.Linear(50 + 10, 128)
        self.u = nn.ConvTranspose2d(128, 1, 7)

    def forward(self, z, labels):
        h = torch.cat([z, F.one_hot(labels, self.n_classes).float()], 1)
        return self.u(F.relu(self.l(h))[:, :, None, None])


@model
class CrossAttn(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(24, 16)
        self.kv = nn.Linear(40, 32)

    def forward(self, x, context):
        q = self.q(x)
        k, v = self.kv(context).chunk(2, -1)
        return (q @ k.transpose(1, 2)).softmax(-1) @ v


@model
class PerceiverLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.lat = nn.Parameter(torch.randn(8, 16))
        self.a = nn.MultiheadAttention(16, 2, kdim=28, vdim=28, batch_first=True)

    def forward(self, data):
        q = self.lat.expand(data.shape[0], -1, -1)
        return self.a(q, data, data)[0]


@model
class SwinLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_resolution = (14, 14)
        self.norm = nn.LayerNorm(24)
        self.l = nn.Linear(24, 24)

    def forward(self, x):
        H, W = self.input_resolution
        B, L, C = x.shape
        assert L == H * W, "input feature has wrong size"
        return self.l(self.norm(x).view(B, H, W, C)).view(B, L, C)


@model
class PatchMergeLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.red = nn.Linear(4 * 12, 24)
        self.norm = nn.LayerNorm(48)

    def forward(self, x):
        B, _H, _W, C = x.shape
        x = torch.cat([x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]], -1)
        return self.red(self.norm(x.view(B, -1, 4 * C)))


@model
class CharWord(nn.Module):
    def __init__(self):
        super().__init__()
        self.char_emb = nn.Embedding(26, 6)
        self.word_emb = nn.Embedding(80, 10)
        self.c = nn.Conv1d(6, 8, 3, padding=1)
        self.lstm = nn.LSTM(18, 9, batch_first=True)

    def forward(self, words, chars):
        b, t, k = chars.shape
        c = (
            self.c(self.char_emb(chars).view(b * t, k, -1).transpose(1, 2))
            .max(-1)[0]
            .view(b, t, -1)
        )
        return self.lstm(torch.cat([self.word_emb(words), c], -1))[0]


@model
class UpsampleTo(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(6, 3, 1)

    def forward(self, x, size):
        return F.interpolate(self.c(x), size=size, mode="bilinear")


@model
class NumLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.ls = nn.ModuleList([nn.Linear(11, 11) for _ in range(4)])

    def forward(self, x, n_layers):
        for i in range(n_layers):
            x = self.ls[i](x)
        return x


@model
class Fourier(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc0 = nn.Linear(3, 12)
        self.w = nn.Parameter(torch.rand(12, 12, 6, 6, dtype=torch.cfloat))
        self.fc1 = nn.Linear(12, 1)

    def forward(self, x):
        x = self.fc0(x).permute(0, 3, 1, 2)
        f = torch.fft.rfft2(x)
        o = torch.zeros_like(f)
        o[:, :, :6, :6] = torch.einsum("bixy,ioxy->boxy", f[:, :, :6, :6], self.w)
        return self.fc1(torch.fft.irfft2(o, s=x.shape[-2:]).permute(0, 2, 3, 1))


@model
class QuantileTFT(nn.Module):
    def __init__(self):
        super().__init__()
        self.st = nn.ModuleList([nn.Embedding(4, 8), nn.Embedding(6, 8)])
        self.obs = nn.Linear(3, 8)
        self.fut = nn.Linear(2, 8)
        self.l = nn.LSTM(8, 8, batch_first=True)
        self.o = nn.Linear(8, 3)

    def forward(self, static_cat, observed, known_future):
        c = sum(e(static_cat[:, i]) for i, e in enumerate(self.st))
        x = torch.cat([self.obs(observed), self.fut(known_future)], 1)
        return self.o(self.l(x)[0] + c[:, None])


@model
class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.b = nn.Linear(14, 8)
        self.h = nn.ModuleDict({"a": nn.Linear(8, 2), "b": nn.Linear(8, 3)})

    def forward(self, x, task):
        return self.h[task](self.b(x))
