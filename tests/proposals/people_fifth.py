"""Models as people write them: text, losses inside, slices, layers out of sight, rewards."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.proposals.people import model

WANTED: dict[str, list[tuple[tuple[int, ...], str] | str]] = {}
"""The shape and the dtype of each input, or the argument that is a text."""


def wanted(*inputs):
    """Remember what a person would give to the model of a class."""

    def keep(cls):
        WANTED[cls.__name__] = [
            one if isinstance(one, str) or isinstance(one[-1], str) else (one, "float32")
            for one in inputs
        ]
        return model(cls)

    return keep


@wanted((1, 80, 1024), (1, 1024))
class PitchVocoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.pre = nn.Conv1d(80, 32, 7, padding=3)
        self.f0 = nn.Conv1d(1, 32, 3, padding=1)
        self.post = nn.Conv1d(32, 1, 7, padding=3)

    def forward(self, mel, f0):
        return torch.tanh(self.post(F.leaky_relu(self.pre(mel) + self.f0(f0.unsqueeze(1)))))


@wanted((1, 32, 80), (1, 32))
class F0Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(80, 64)
        self.p = nn.Linear(1, 64)
        self.rnn = nn.GRU(64, 64, batch_first=True)

    def forward(self, mel, f0):
        return self.rnn(self.l(mel) + self.p(f0[..., None].log1p()))[0]


@wanted((1, 6))
class NeRFRays(nn.Module):
    def __init__(self, L=4):
        super().__init__()
        self.L = L
        self.n = nn.Sequential(nn.Linear(3 + 6 * L, 32), nn.ReLU(), nn.Linear(32, 4))

    def enc(self, x):
        return torch.cat(
            [x] + [f(2**i * x) for i in range(self.L) for f in (torch.sin, torch.cos)], -1
        )

    def forward(self, rays):
        o, d = (rays[..., 0:3], rays[..., 3:6])
        z = torch.linspace(2, 6, 16)
        p = o[..., None, :] + d[..., None, :] * z[:, None]
        r = self.n(self.enc(p))
        return (torch.sigmoid(r[..., :3]) * r[..., 3:].softmax(-2)).sum(-2)


@wanted((1, 8))
class RaysNear(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, rays):
        o = rays[:, :3]
        d = rays[:, 3:6]
        near, far = (rays[:, 6:7], rays[:, 7:8])
        t = near + (far - near) * torch.linspace(0, 1, 8)
        return self.n(o[:, None] + d[:, None] * t[..., None]).mean(1)


@wanted((1,), (1, 2))
class CNF(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = nn.Linear(1, 32)
        self.n = nn.Linear(2, 2)

    def forward(self, t, z):
        w = torch.tanh(self.h(t.view(1, 1)))
        return self.n(z) * w.mean()


@wanted(((1,), "int64"), (1, 8))
class StepMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.te = nn.Embedding(1000, 8)
        self.n = nn.Sequential(nn.Linear(8, 8), nn.SiLU(), nn.Linear(8, 8))

    def forward(self, t, x):
        return self.n(x + self.te(t))


@wanted((1, 4), (6,))
class Hyper(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Linear(4, 5)
        self.gen = nn.Linear(6, 25)

    def forward(self, x, z):
        w = self.gen(z)
        return F.linear(x, w[:20].view(5, 4), w[20:])


@wanted((1, 4), (1, 1))
class Regress(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
        self.crit = nn.MSELoss()

    def forward(self, x, target):
        return self.crit(self.n(x), target)


@wanted((1, 4), ((1,), "int64"))
class Classify(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x, y):
        return F.cross_entropy(self.n(x), y)


@wanted((1, 4), ((1,), "int64"))
class LitStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Linear(4, 3)

    def forward(self, batch):
        x, y = batch
        z = self.n(x)
        return (F.cross_entropy(z, y), (z.argmax(1) == y).float().mean())


@wanted((1, 5), (1, 5))
class MAMLish(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(5, 8)
        self.b = nn.Linear(8, 5)

    def forward(self, x, y_true):
        p = self.b(F.relu(self.a(x)))
        return (p, (p - y_true).abs().mean())


@wanted((1, 32, 8))
class RopeOnly(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(8, 8)

    def forward(self, x):
        a = torch.outer(torch.arange(x.shape[1]).float(), 1 / 10000 ** (torch.arange(4) / 4))
        x1, x2 = self.q(x).chunk(2, -1)
        return torch.cat([x1 * a.cos() - x2 * a.sin(), x2 * a.cos() + x1 * a.sin()], -1)


@wanted((1, 4))
class InDict(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = {"a": nn.Linear(4, 8), "b": [nn.Linear(8, 2)]}

    def forward(self, x):
        return self.layers["b"][0](self.layers["a"](x).relu())


@wanted((1, 7))
class InClosure(nn.Module):
    def __init__(self):
        super().__init__()
        inner = nn.Linear(7, 3)
        self.f = lambda x: inner(x)

    def forward(self, x):
        return self.f(x)


@wanted("texts")
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.vocab = {"<unk>": 0}
        self.e = nn.Embedding(50, 8)
        self.o = nn.Linear(8, 2)

    def forward(self, texts: list[str]):
        return self.o(
            torch.stack(
                [
                    self.e(torch.tensor([self.vocab.get(w, 0) for w in t.split()])).mean(0)
                    for t in texts
                ]
            )
        )


@wanted("text")
class OneText(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(128, 8)
        self.o = nn.Linear(8, 2)

    def forward(self, text: str):
        return self.o(self.e(torch.tensor([ord(c) % 128 for c in text])).mean(0))


@wanted("sentence")
class TextNoHint(nn.Module):
    def __init__(self):
        super().__init__()
        self.v = {}
        self.e = nn.Embedding(128, 8)
        self.o = nn.LSTM(8, 4)

    def forward(self, sentence):
        ids = torch.tensor([self.v.setdefault(w, len(self.v)) for w in sentence.lower().split()])
        return self.o(self.e(ids))[0][-1]


@wanted((6, 5), (6, 6))
class GCNFixed(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(5, 8)
        self.register_buffer("lap", torch.eye(6))

    def forward(self, x, adj):
        return self.lap @ (adj @ self.a(x)).relu()


@wanted((1, 8), (1, 8))
class NestedIn(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(8, 8)

    def forward(self, xs: list[Tensor]):
        nt = torch.nested.nested_tensor(xs, layout=torch.jagged)
        return torch.nested.to_padded_tensor(F.relu(self.l(nt)), 0.0)


@wanted(((1, 17), "float32"), ((1,), "int64"))
class DQNLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(17, 32), nn.ReLU(), nn.Linear(32, 6))

    def forward(self, obs, action):
        return self.q(obs).gather(1, action.unsqueeze(1)).squeeze(1)


@wanted(((1, 17), "float32"), ((1, 6), "float32"), (1,), (1, 17), (1,))
class TD3(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(23, 32), nn.ReLU(), nn.Linear(32, 1))
        self.pi = nn.Sequential(nn.Linear(17, 16), nn.ReLU(), nn.Linear(16, 6), nn.Tanh())

    def forward(self, state, action, reward, next_state, done):
        with torch.no_grad():
            t = reward + (1 - done) * 0.99 * self.q(
                torch.cat([next_state, self.pi(next_state)], -1)
            ).squeeze(-1)
        return F.mse_loss(self.q(torch.cat([state, action], -1)).squeeze(-1), t)


@wanted((1, 3, 32, 32), (1, 1, 32, 32))
class Inpaint(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Sequential(
            nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1)
        )

    def forward(self, image, mask):
        x = torch.cat([image * (1 - mask), mask], 1)
        return self.e(x) * mask + image * (1 - mask)


@wanted((1, 16000))
class RawWave(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv1d(1, 16, 10, 5)
        self.l = nn.GRU(16, 8, batch_first=True)

    def forward(self, wav):
        return self.l(F.gelu(self.c(wav[:, None])).transpose(1, 2))[1]


@wanted(((1, 32), "int64"), ((1, 32), "int64"))
class LMLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(65, 16)
        self.h = nn.Linear(16, 65)

    def forward(self, idx, targets):
        z = self.h(self.wte(idx))
        B, T, C = z.shape
        return (z, F.cross_entropy(z.view(B * T, C), targets.view(B * T)))


@wanted((1, 32, 3), (1, 32, 3))
class Chamfer(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 32))

    def forward(self, src, tgt):
        f, g = (self.e(src), self.e(tgt))
        return torch.einsum("bnd,bmd->bnm", f, g).softmax(-1) @ tgt


@wanted((1, 32, 2), (1, 2))
class Traj(nn.Module):
    def __init__(self):
        super().__init__()
        self.obs_len = 10
        self.enc = nn.LSTM(2, 16, batch_first=True)
        self.g = nn.Linear(2, 16)
        self.o = nn.Linear(32, 2)

    def forward(self, traj, goal):
        _, (h, _) = self.enc(traj)
        return self.o(torch.cat([h[-1], self.g(goal)], -1))


@wanted((1, 32, 40), (1, 32), (1, 32))
class VarianceAdaptor(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(40, 32)
        self.pitch = nn.Linear(1, 32)
        self.energy = nn.Linear(1, 32)
        self.out = nn.GRU(32, 40, batch_first=True)

    def forward(self, x, pitch, energy):
        return self.out(
            self.enc(x) + self.pitch(pitch.unsqueeze(-1)) + self.energy(energy.unsqueeze(-1))
        )[0]


@wanted((1, 7))
class SliceState(nn.Module):
    def __init__(self):
        super().__init__()
        self.pos = nn.Linear(3, 16)
        self.quat = nn.Linear(4, 16)
        self.o = nn.Linear(32, 6)

    def forward(self, state):
        p = state[:, :3]
        q = F.normalize(state[:, 3:7], dim=-1)
        return self.o(torch.cat([self.pos(p), self.quat(q)], -1).relu())


@wanted((1, 32, 6))
class BoxTokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(4, 16)
        self.c = nn.Linear(2, 16)

    def forward(self, boxes):
        xy, wh, rest = (boxes[..., 0:2], boxes[..., 2:4], boxes[..., 4:6])
        h = self.l(torch.cat([xy - wh / 2, xy + wh / 2], -1)) + self.c(rest)
        return (h @ h.transpose(-1, -2)).softmax(-1) @ h


@wanted((1, 9), (1, 3))
class FocalTrain(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Linear(9, 3)

    def forward(self, x, labels):
        p = torch.sigmoid(self.n(x))
        bce = F.binary_cross_entropy(p, labels, reduction="none")
        return ((1 - p) ** 2 * bce).mean()


@wanted((1, 3, 224, 224), ((1, 224, 224), "int64"))
class SegLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Conv2d(3, 8, 3, padding=1)
        self.o = nn.Conv2d(8, 5, 1)
        self.ce = nn.CrossEntropyLoss()

    def forward(self, img, target):
        return self.ce(self.o(self.e(img).relu()), target)


@wanted(((1, 32), "int64"), ((1,), "int64"))
class SentClf(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(200, 16)
        self.l = nn.LSTM(16, 8, batch_first=True, bidirectional=True)
        self.o = nn.Linear(16, 2)
        self.loss = nn.CrossEntropyLoss()

    def forward(self, input_ids, labels):
        h, _ = self.l(self.emb(input_ids))
        return self.loss(self.o(h.mean(1)), labels)


@wanted((1, 10), (1, 10), (1, 10))
class TripletNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 4))
        self.m = nn.TripletMarginLoss()

    def forward(self, anchor, positive, negative):
        return self.m(self.e(anchor), self.e(positive), self.e(negative))


@wanted((1, 11), (1, 3), (1, 11))
class WorldModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.dyn = nn.Sequential(nn.Linear(14, 32), nn.ELU(), nn.Linear(32, 11))
        self.enc = nn.Linear(11, 11)

    def forward(self, obs, act, next_obs):
        return F.mse_loss(obs + self.dyn(torch.cat([obs, act], 1)), self.enc(next_obs))


@wanted((1, 8), (1, 2), (1, 1), (1, 8), (1, 1))
class SACLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
        self.pi = nn.Linear(8, 2)

    def forward(self, obs, actions, rewards, next_obs, dones):
        with torch.no_grad():
            y = rewards + 0.99 * (1 - dones) * self.q(
                torch.cat((next_obs, torch.tanh(self.pi(next_obs))), dim=1)
            )
        return F.mse_loss(self.q(torch.cat((obs, actions), dim=1)), y)


@wanted((1, 5))
class ClosureBlocks(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = [nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3)]

        def run(x):
            for b in blocks:
                x = b(x)
            return x

        self.run = run

    def forward(self, inp):
        return self.run(inp)


@wanted("caption")
class ClipText(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(300, 16)
        self.p = nn.Parameter(torch.zeros(77, 16))
        self.o = nn.Linear(16, 8)

    def tok(self, s):
        return torch.tensor(list(s.encode("utf-8"))[:77])

    def forward(self, caption):
        t = self.tok(caption)
        return self.o((self.e(t) + self.p[: len(t)]).mean(0))


@wanted("prompts")
class BatchPrompts(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.EmbeddingBag(1000, 16)
        self.o = nn.Linear(16, 4)

    def forward(self, prompts):
        ids, off = ([], [])
        for p in prompts:
            off.append(len(ids))
            ids += [hash(w) % 1000 for w in p.strip().split(" ")]
        return self.o(self.e(torch.tensor(ids), torch.tensor(off)))


@wanted((1, 3, 224, 224), "question")
class VQA(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 16, 7, 4)
        self.e = nn.Embedding(64, 16)
        self.o = nn.Linear(16, 3)

    def forward(self, image, question: str):
        return self.o(
            self.c(image).mean((2, 3))
            * self.e(torch.tensor([ord(c) % 64 for c in question])).mean(0)
        )


@wanted((32, 12), (32, 32))
class DenseGAT(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Linear(12, 8)
        self.a = nn.Linear(8, 1)
        self.o = nn.Linear(8, 4)

    def forward(self, feats, adj):
        h = self.w(feats)
        s = self.a(h)
        e = F.leaky_relu(s + s.T).masked_fill(adj == 0, -1000000000.0)
        return self.o(e.softmax(-1) @ h)


@wanted((1, 32, 16))
class S4Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.k = nn.Parameter(torch.randn(16, 8))
        self.o = nn.Linear(16, 16)

    def forward(self, u):
        L = u.size(1)
        t = torch.arange(L)
        K = (self.k[..., None] * torch.exp(-t * 0.1)).sum(1)
        y = torch.fft.irfft(
            torch.fft.rfft(u.transpose(1, 2), n=2 * L) * torch.fft.rfft(K, n=2 * L), n=2 * L
        )[..., :L]
        return self.o(y.transpose(1, 2))


@wanted((1, 32, 12))
class CausalMean(nn.Module):
    def __init__(self):
        super().__init__()
        self.v = nn.Linear(12, 12)

    def forward(self, x):
        m = torch.tril(torch.ones(x.shape[1], x.shape[1]))
        return m / m.sum(1, keepdim=True) @ self.v(x)


@wanted((1, 32, 4))
class SingleLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.r = nn.LSTM(4, 8, 2, batch_first=True)
        self.o = nn.Linear(8, 1)

    def forward(self, seq):
        _, (h, _) = self.r(seq)
        return self.o(h[-1])


@wanted((1, 1), (1, 3))
class NeuralODEFn(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Sequential(nn.Linear(4, 16), nn.Softplus(), nn.Linear(16, 3))

    def forward(self, t, y):
        return self.n(torch.cat([y, t * torch.ones_like(y[:, :1])], 1))


@wanted((1, 1, 28, 28))
class MNISTVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(784, 32)
        self.d = nn.Linear(16, 784)

    def forward(self, x):
        m, s = self.e(x.view(-1, 784)).chunk(2, 1)
        r = torch.sigmoid(self.d(m + s.exp() * torch.randn_like(m)))
        return F.binary_cross_entropy(r, x.view(-1, 784))


@wanted((1, 3, 224, 224), (1, 3, 224, 224))
class SRLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 3, 3, padding=1)
        )

    def forward(self, noisy, clean):
        return F.l1_loss(self.c(noisy), clean)


@wanted((1, 6), (1, 20))
class ConditionalVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Linear(26, 16)
        self.mu = nn.Linear(16, 4)
        self.d = nn.Linear(10, 20)

    def forward(self, cond, x):
        z = self.mu(F.relu(self.e(torch.cat([x, cond], -1))))
        r = self.d(torch.cat([z, cond], -1))
        return (r, F.mse_loss(r, x))


@wanted((1, 13), (1, 1))
class DeepHit(nn.Module):
    def __init__(self):
        super().__init__()
        self.n = nn.Sequential(nn.Linear(13, 16), nn.ReLU())
        self.t = nn.Linear(1, 16)
        self.o = nn.Linear(32, 1)

    def forward(self, covariates, time):
        return self.o(torch.cat([self.n(covariates), self.t(time)], 1))


@wanted(((32,), "int64"), (32, 3), ((2, 32), "int64"))
class EGNNish(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Embedding(20, 8)
        self.m = nn.Linear(17, 8)
        self.o = nn.Linear(8, 1)

    def forward(self, z, pos, edge_index):
        i, j = edge_index
        h = self.e(z)
        d = (pos[i] - pos[j]).pow(2).sum(-1, keepdim=True)
        m = F.silu(self.m(torch.cat([h[i], h[j], d], -1)))
        return self.o(torch.zeros_like(h).index_add(0, i, m) + h).sum()


@wanted((1, 50), (1, 50))
class NeuMF(nn.Module):
    def __init__(self):
        super().__init__()
        self.u = nn.Linear(50, 8)
        self.i = nn.Linear(50, 8)

    def forward(self, user_vec, item_vec):
        return (self.u(user_vec) * self.i(item_vec)).sum(-1).sigmoid()


@wanted(((1, 3), "float32"))
class GridLookup(nn.Module):
    """Looks at values, and reads tables at places that it computes of points in space."""

    def __init__(self):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(64, 2) for _ in range(2))
        self.n = nn.Linear(4, 1)
        self.register_buffer("high", torch.ones(3))

    def forward(self, points):
        if not torch.all(points <= self.high):
            points = points.clamp(0, 1)
        found = []
        for level, table in enumerate(self.tables):
            x, y, z = (points * 4 * (level + 1) + 0.5).int().unbind(-1)
            found.append(table((x + y + z) % 64))
        return self.n(torch.cat(found, -1))


class Patches(nn.Module):
    """Pictures as sequences of patches; it says so in a pattern, as the layers of einops do."""

    def __init__(self, pattern, **axes_lengths):
        super().__init__()
        self.pattern = pattern
        self.axes_lengths = axes_lengths

    def forward(self, x):
        if x.ndim not in {4}:
            raise KeyError(x.ndim)
        size = self.axes_lengths["p1"]
        return F.unfold(x, size, stride=size).transpose(1, 2)


@wanted((1, 3, 64, 64))
class PatchedViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_patches = nn.Sequential(
            Patches("b c (h p1) (w p2) -> b (h w) (c p1 p2)", p1=16, p2=16),
            nn.LayerNorm(768),
            nn.Linear(768, 8),
        )
        self.places = nn.Parameter(torch.zeros(1, 17, 8))
        self.first = nn.Parameter(torch.zeros(1, 1, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, img):
        x = self.to_patches(img)
        x = torch.cat([self.first.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(x[:, 0])
