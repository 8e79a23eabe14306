"""Models of the kinds that people write themselves: small ones, of every shape."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Made = tuple[nn.Module, tuple[Tensor, ...]]


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(16, 128 * 16)
        self.main = nn.Sequential(
            nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU(True),
            nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(True),
            nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.main(self.project(z).view(-1, 128, 4, 4))


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in ((3, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
        self.features, self.classify = nn.Sequential(*layers), nn.Conv2d(128, 1, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.classify(self.features(x))).flatten(1)


class GAN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.G, self.D = Generator(), Discriminator()

    def forward(self, z: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        return self.D(self.G(z)), self.D(real)


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return F.cosine_similarity(self.embed(a), self.embed(b))


class VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU())
        self.mu, self.logvar = nn.Linear(256, 16), nn.Linear(256, 16)
        self.decoder = nn.Sequential(nn.Linear(16, 256), nn.ReLU(), nn.Linear(256, 784))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.encoder(x.flatten(1))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return torch.sigmoid(self.decoder(z)), mu, logvar


class Tower(nn.Module):
    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        one = nn.TransformerEncoderLayer(width, 4, 2 * width, batch_first=True)
        self.layers, self.norm = nn.TransformerEncoder(one, layers), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layers(x))[:, 0]


class TwoTowers(nn.Module):
    """A model of pictures and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, 32, 8, 8), nn.Embedding(100, 32)
        self.visual, self.text = Tower(32, 3), Tower(32, 2)
        self.image_projection = nn.Linear(32, 16, bias=False)
        self.text_projection = nn.Linear(32, 16, bias=False)
        self.logit_scale = nn.Parameter(torch.ones([]) * 2.6)

    def forward(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        i = self.image_projection(self.visual(self.patch(image).flatten(2).transpose(1, 2)))
        t = self.text_projection(self.text(self.token(text)))
        i, t = F.normalize(i, dim=-1), F.normalize(t, dim=-1)
        logits = self.logit_scale.exp() * i @ t.T
        return logits, logits.T


class Seq2Seq(nn.Module):
    """Recurrent, with attention, a step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.encoder = nn.GRU(16, 16, bidirectional=True, batch_first=True)
        self.cell, self.score = nn.GRUCell(48, 32), nn.Linear(64, 1)
        self.out = nn.Linear(32, 50)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory, _ = self.encoder(self.embed(source))
        state, steps = memory[:, -1], []
        for index in range(target.shape[1]):
            query = state.unsqueeze(1).expand_as(memory)
            weight = torch.softmax(self.score(torch.cat([query, memory], -1)), 1)
            context = (weight * memory).sum(1)
            state = self.cell(torch.cat([self.embed(target[:, index]), context], -1), state)
            steps.append(self.out(state))
        return torch.stack(steps, 1)


class Mixture(nn.Module):
    def __init__(self, experts: int = 4) -> None:
        super().__init__()
        self.gate = nn.Linear(16, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16)) for _ in range(experts)
        )

    def forward(self, x: Tensor) -> Tensor:
        weights = F.softmax(self.gate(x), -1)
        given = torch.stack([expert(x) for expert in self.experts], dim=-1)
        return (given * weights.unsqueeze(-2)).sum(-1)


class GraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.node, self.edge = nn.Linear(8, 16), nn.Linear(4, 16)
        self.messages = nn.ModuleList(nn.Linear(48, 16) for _ in range(3))
        self.updates = nn.ModuleList(nn.GRUCell(16, 16) for _ in range(3))
        self.readout = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, x: Tensor, edges: Tensor, weights: Tensor) -> Tensor:
        h, e = self.node(x), self.edge(weights)
        source, target = edges
        for message, update in zip(self.messages, self.updates, strict=True):
            m = F.relu(message(torch.cat([h[source], h[target], e], -1)))
            h = update(torch.zeros_like(h).index_add(0, target, m), h)
        return self.readout(h.mean(0))


class MultiTask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.heads = nn.ModuleDict(
            {"age": nn.Linear(64, 1), "sex": nn.Linear(64, 2), "mood": nn.Sequential(
                nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 7))}
        )  # fmt: skip

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        shared = self.trunk(x)
        return {name: head(shared) for name, head in self.heads.items()}


class Gated(nn.Module):
    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.filter = nn.Conv1d(width, width, 2, dilation=dilation, padding=dilation)
        self.gate = nn.Conv1d(width, width, 2, dilation=dilation, padding=dilation)
        self.residual, self.skip = nn.Conv1d(width, width, 1), nn.Conv1d(width, 2 * width, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))
        y = y[..., : x.shape[-1]]
        return x + self.residual(y), self.skip(y)


class WaveNet(nn.Module):
    def __init__(self, layers: int = 8) -> None:
        super().__init__()
        self.start = nn.Conv1d(1, 16, 1)
        self.blocks = nn.ModuleList(Gated(16, 2 ** (i % 4)) for i in range(layers))
        self.end1, self.end2 = nn.Conv1d(32, 32, 1), nn.Conv1d(32, 64, 1)

    def forward(self, x: Tensor) -> Tensor:
        x, total = self.start(x), torch.zeros(())
        for block in self.blocks:
            x, skip = block(x)
            total = total + skip
        return self.end2(F.relu(self.end1(F.relu(total))))


class NeuralODE(nn.Module):
    """Steps of Runge and Kutta through one net."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 8))
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(6):
            k1 = self.f(x)
            k2 = self.f(x + 0.05 * k1)
            x = x + 0.1 * k2
        return self.head(x)


class Capsules(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.primary = nn.Conv2d(1, 16, 9), nn.Conv2d(16, 16, 9, stride=2)
        self.W = nn.Parameter(torch.zeros(1, 72, 10, 8, 8))
        self.decoder = nn.Sequential(nn.Linear(80, 64), nn.ReLU(), nn.Linear(64, 784))

    @staticmethod
    def squash(x: Tensor) -> Tensor:
        norm = (x**2).sum(-1, keepdim=True)
        return norm / (1 + norm) * x / (norm + 1e-8).sqrt()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        u = self.squash(self.primary(F.relu(self.conv(x))).view(x.shape[0], -1, 8))
        votes = (self.W @ u[:, :, None, :, None]).squeeze(-1)
        b = torch.zeros(x.shape[0], votes.shape[1], 10, 1)
        for _ in range(3):
            v = self.squash((torch.softmax(b, 2) * votes).sum(1, keepdim=True))
            b = b + (votes * v).sum(-1, keepdim=True)
        return v.norm(dim=-1), self.decoder(v.flatten(1))


class BasicBlock(nn.Module):
    def __init__(self, into: int, out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or into != out:
            self.shortcut = nn.Sequential(nn.Conv2d(into, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(16, 16), BasicBlock(16, 16))
        self.layer2 = nn.Sequential(BasicBlock(16, 32, 2), BasicBlock(32, 32))
        self.layer3 = nn.Sequential(BasicBlock(32, 64, 2), BasicBlock(64, 64))
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(F.avg_pool2d(x, 8).flatten(1))


class DenseBlock(nn.Module):
    def __init__(self, width: int, growth: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(width + i * growth), nn.ReLU(),
                nn.Conv2d(width + i * growth, growth, 3, padding=1),
            )
            for i in range(layers)
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1)


class DenseNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.block1, self.trans1 = DenseBlock(16, 8, 4), nn.Conv2d(48, 24, 1)
        self.block2, self.trans2 = DenseBlock(24, 8, 4), nn.Conv2d(56, 28, 1)
        self.block3, self.fc = DenseBlock(28, 8, 4), nn.Linear(60, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(self.trans1(self.block1(self.stem(x))), 2)
        x = F.avg_pool2d(self.trans2(self.block2(x)), 2)
        return self.fc(self.block3(x).mean((2, 3)))


def _conv(into: int, out: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv2d(into, out, kernel, padding=kernel // 2)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU())


class InceptionBlock(nn.Module):
    def __init__(self, into: int) -> None:
        super().__init__()
        self.b1 = _conv(into, 16, 1)
        self.b2 = nn.Sequential(_conv(into, 16, 1), _conv(16, 24, 3))
        self.b3 = nn.Sequential(_conv(into, 8, 1), _conv(8, 12, 5))
        self.b4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(into, 12, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.b1(x), self.b2(x), self.b3(x), self.b4(x)], 1)


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.a, self.b = _conv(3, 32, 7), InceptionBlock(32), InceptionBlock(64)
        self.pool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.b(self.a(self.stem(x)))).flatten(1))


class Wide(nn.Module):
    """Twenty different layers side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(16, 4 + i) for i in range(20))
        self.join = nn.Linear(sum(4 + i for i in range(20)), 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.join(torch.cat([torch.relu(branch(x)) for branch in self.branches], -1))


class Recommender(nn.Module):
    """Many inputs, each with its table."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(10 * (i + 1), 8) for i in range(9))
        self.deep = nn.Sequential(nn.Linear(72, 64), nn.ReLU(), nn.Linear(64, 1))
        self.wide = nn.Linear(9, 1)

    def forward(self, *columns: Tensor) -> Tensor:
        found = [table(column) for table, column in zip(self.tables, columns, strict=True)]
        wide = self.wide(torch.stack(columns, 1).float())
        return torch.sigmoid(wide + self.deep(torch.cat(found, 1)))


class LSTMCellByHand(nn.Module):
    def __init__(self, into: int, width: int) -> None:
        super().__init__()
        self.x2h, self.h2h = nn.Linear(into, 4 * width), nn.Linear(width, 4 * width)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        i, f, g, o = (self.x2h(x) + self.h2h(h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class LSTMByHand(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell, self.out = LSTMCellByHand(8, 16), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        h = c = torch.zeros(x.shape[0], 16)
        for index in range(x.shape[1]):
            h, c = self.cell(x[:, index], h, c)
        return self.out(h)


class GPTBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.register_buffer("mask", torch.tril(torch.ones(64, 64)))

    def forward(self, x: Tensor) -> Tensor:
        b, t, c = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, 4, c // 4).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1)) * (c // 4) ** -0.5
        weights = weights.masked_fill(self.mask[:t, :t] == 0, float("-inf"))
        y = (F.softmax(weights, -1) @ v).transpose(1, 2).reshape(b, t, c)
        x = x + self.proj(y)
        return x + self.mlp(self.ln2(x))


class NanoGPT(nn.Module):
    def __init__(self, layers: int = 6) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(65, 32), nn.Embedding(64, 32)
        self.h = nn.ModuleList(GPTBlock(32) for _ in range(layers))
        self.ln_f, self.head = nn.LayerNorm(32), nn.Linear(32, 65, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, idx: Tensor) -> Tensor:
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        for block in self.h:
            x = block(x)
        return self.head(self.ln_f(x))


class ThePartOfTheModelThatEncodesEverythingThereIsToEncodeAboutOneSample(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a_layer_with_an_uncommonly_long_name_that_says_all_that_it_does = nn.Linear(8, 8)
        self.another_layer_with_a_name_that_is_longer_than_any_box_should_be = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        y = self.a_layer_with_an_uncommonly_long_name_that_says_all_that_it_does(x)
        return x + self.another_layer_with_a_name_that_is_longer_than_any_box_should_be(y)


class LongNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        part = ThePartOfTheModelThatEncodesEverythingThereIsToEncodeAboutOneSample
        self.first_encoder_of_the_whole_pipeline_of_this_model = part()
        self.second_encoder_of_the_whole_pipeline_of_this_model = part()

    def forward(self, an_input_whose_name_is_longer_than_anything_that_flows: Tensor) -> Tensor:
        x = an_input_whose_name_is_longer_than_anything_that_flows
        y = self.first_encoder_of_the_whole_pipeline_of_this_model(x)
        return self.second_encoder_of_the_whole_pipeline_of_this_model(torch.tanh(y))


def _named(names: tuple[str, ...]) -> nn.Module:
    return nn.Sequential(OrderedDict((n, nn.Linear(4 + i, 5 + i)) for i, n in enumerate(names)))


def _zeros(*shape: int) -> tuple[Tensor, ...]:
    return (torch.zeros(shape),)


def _ints(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.int64)


def _deep(layers: int) -> nn.Module:
    found: list[nn.Module] = []
    for index in range(layers):
        found += [nn.Linear(8 + index, 9 + index), nn.ReLU() if index % 3 else nn.Tanh()]
    return nn.Sequential(*found)


HAND_WRITTEN: dict[str, Callable[[], Made]] = {
    "gan": lambda: (GAN(), (torch.zeros(2, 16), torch.zeros(2, 3, 32, 32))),
    "generator": lambda: (Generator(), _zeros(2, 16)),
    "siamese": lambda: (Siamese(), (torch.zeros(2, 32), torch.zeros(2, 32))),
    "vae": lambda: (VAE(), _zeros(2, 1, 28, 28)),
    "two-towers": lambda: (TwoTowers(), (torch.zeros(2, 3, 32, 32), _ints(2, 8))),
    "seq2seq": lambda: (Seq2Seq(), (_ints(2, 7), _ints(2, 5))),
    "mixture": lambda: (Mixture(), _zeros(2, 16)),
    "graph-net": lambda: (GraphNet(), (torch.zeros(5, 8), _ints(2, 9), torch.zeros(9, 4))),
    "multi-task": lambda: (MultiTask(), _zeros(2, 32)),
    "wavenet": lambda: (WaveNet(), _zeros(1, 1, 64)),
    "neural-ode": lambda: (NeuralODE(), _zeros(2, 8)),
    "capsules": lambda: (Capsules(), _zeros(2, 1, 28, 28)),
    "resnet": lambda: (ResNet(), _zeros(1, 3, 32, 32)),
    "densenet": lambda: (DenseNet(), _zeros(1, 3, 32, 32)),
    "inception": lambda: (Inception(), _zeros(1, 3, 32, 32)),
    "one-layer": lambda: (nn.Linear(4, 2), _zeros(1, 4)),
    "mlp": lambda: (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), _zeros(1, 4)),
    "wide": lambda: (Wide(), _zeros(2, 16)),
    "recommender": lambda: (Recommender(), tuple(_ints(4) for _ in range(9))),
    "deep": lambda: (_deep(60), _zeros(1, 8)),
    "lstm-by-hand": lambda: (LSTMByHand(), _zeros(2, 6, 8)),
    "lstm-cell": lambda: (LSTMCellByHand(8, 16), tuple(torch.zeros(2, n) for n in (8, 16, 16))),
    "nano-gpt": lambda: (NanoGPT(), (_ints(1, 16),)),
    "long-names": lambda: (LongNames(), _zeros(1, 8)),
    "unicode": lambda: (
        _named(("слой", "层", "層・二", "größe", "naïve", "طبقة", "🙂", "Ω")), _zeros(1, 4)
    ),
    "transformer": lambda: (nn.Transformer(32, 4, 2, 2, 64), (torch.zeros(7, 1, 32),) * 2),
    "lstm": lambda: (nn.LSTM(8, 16, 2, bidirectional=True), _zeros(5, 1, 8)),
}  # fmt: skip
