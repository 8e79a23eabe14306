"""Models as people write them: what their forwards take is in the code alone.

``MODELS`` maps a name to what makes the model. Sizes are odd on purpose: a proposal has to find
them, not to happen on them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

MODELS: dict[str, Callable[[], nn.Module]] = {}


def model(kind: Callable[..., nn.Module]) -> Any:
    MODELS[kind.__name__] = kind
    return kind


# -- images -------------------------------------------------------------------------------------


@model
class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, 16 * 5 * 5)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


@model
class OddSidedCNN(nn.Module):
    """Images of 150 × 150, which no list of usual sides has."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(128 * 17 * 17, 512), nn.Linear(512, 1)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


@model
class ReshapingCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 37 * 37, 5)

    def forward(self, images):
        batch = images.shape[0]
        return self.fc(self.conv(images).reshape(batch, 8 * 37 * 37))


@model
class TallImages(nn.Module):
    """The batch size and the sides unpacked."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 7, stride=4)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, inputs):
        b, c, _h, _w = inputs.shape
        assert c == 3
        return self.norm(self.conv(inputs)).mean((2, 3)).view(b, 8)


@model
class FlatMLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))

    def forward(self, x):
        return self.layers(x.view(x.size(0), -1))


@model
class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Conv2d(2, 8, 3, padding=1)
        self.down2 = nn.Conv2d(8, 16, 3, padding=1)
        self.bottom = nn.Conv2d(16, 32, 3, padding=1)
        self.up2 = nn.ConvTranspose2d(32, 16, 2, stride=2)
        self.up1 = nn.ConvTranspose2d(32, 8, 2, stride=2)
        self.out = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        a = F.relu(self.down1(x))
        b = F.relu(self.down2(F.max_pool2d(a, 2)))
        c = F.relu(self.bottom(F.max_pool2d(b, 2)))
        c = torch.cat([self.up2(c), b], 1)
        return self.out(torch.cat([self.up1(c), a], 1))


@model
class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 4, 10), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 7), nn.Flatten()
        )
        self.head = nn.Linear(8 * 42 * 42, 1)

    def forward_once(self, x):
        return torch.sigmoid(self.head(self.body(x)))

    def forward(self, img1, img2):
        return torch.abs(self.forward_once(img1) - self.forward_once(img2))


@model
class ViT(nn.Module):
    def __init__(self, img_size=72, patch=6, dim=48):
        super().__init__()
        self.img_size = img_size
        self.embed = nn.Conv2d(3, dim, patch, stride=patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.zeros(1, (img_size // patch) ** 2 + 1, dim))
        layer = nn.TransformerEncoderLayer(dim, 4, 96, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(dim, 7)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], 1) + self.pos
        return self.head(self.blocks(x)[:, 0])


@model
class PatchesOfUnknownSide(nn.Module):
    """As ViT, but only a position table says how many patches there are."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(3 * 8 * 8, 24)
        self.pos = nn.Parameter(torch.zeros(1, 25, 24))

    def forward(self, img):
        b, c, h, w = img.shape
        x = img.reshape(b, c, h // 8, 8, w // 8, 8).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * 64)
        return self.proj(x) + self.pos


@model
class ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)

    def forward(self, x):
        return self.conv(x.permute(0, 3, 1, 2)).mean((2, 3))


@model
class ClassConditional(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(10, 16)
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.out = nn.Conv2d(16, 1, 1)

    def forward(self, x, y):
        return self.out(self.conv(x) + self.emb(y)[:, :, None, None])


@model
class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 12))
        self.inp = nn.Conv2d(3, 12, 3, padding=1)
        self.out = nn.Conv2d(12, 3, 3, padding=1)

    def embed(self, t):
        freqs = torch.exp(-math.log(1e4) * torch.arange(16, device=t.device) / 16)
        args = t[:, None].float() * freqs[None]
        return torch.cat([args.sin(), args.cos()], -1)

    def forward(self, x, t):
        return self.out(self.inp(x) + self.time(self.embed(t))[:, :, None, None])


@model
class Volume(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(1, 4, 3, padding=1)
        self.pool = nn.MaxPool3d(4)
        self.fc = nn.Linear(4 * 5 * 5 * 5, 2)

    def forward(self, scan):
        return self.fc(torch.flatten(self.pool(self.conv(scan)), 1))


@model
class Video(nn.Module):
    """Frames through a CNN, then a recurrent layer."""

    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.rnn = nn.LSTM(8, 6, batch_first=True)

    def forward(self, clip):
        b, t, c, h, w = clip.size()
        features = self.cnn(clip.view(b * t, c, h, w)).view(b, t, -1)
        return self.rnn(features)[0][:, -1]


# -- generative ---------------------------------------------------------------------------------


@model
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(560, 64)
        self.mu, self.logvar = nn.Linear(64, 9), nn.Linear(64, 9)
        self.decoder = nn.Sequential(nn.Linear(9, 64), nn.ReLU(), nn.Linear(64, 560), nn.Sigmoid())

    def forward(self, x):
        h = F.relu(self.encoder(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.decoder(z), mu, logvar


@model
class ConvVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.Flatten()
        )
        self.mu = nn.Linear(16 * 12 * 12, 10)
        self.up = nn.Linear(10, 16 * 12 * 12)
        self.dec = nn.Sequential(
            nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1)
        )

    def forward(self, x):
        z = self.mu(self.enc(x))
        return self.dec(self.up(z).view(-1, 16, 12, 12))


@model
class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.ConvTranspose2d(100, 32, 4, 1, 0),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 3, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z):
        return self.net(z)


@model
class LinearGenerator(nn.Module):
    def __init__(self, latent_dim=62):
        super().__init__()
        self.latent_dim = latent_dim
        self.fc = nn.Sequential(nn.Linear(latent_dim, 128), nn.BatchNorm1d(128), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 1, 4, 2, 1)

    def forward(self, noise):
        return self.up(self.fc(noise).view(-1, 8, 4, 4))


@model
class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(3, 16, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, 2, 1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.2),
            nn.Conv2d(32, 1, 16, 1, 0),
        )

    def forward(self, input):
        return self.main(input).view(-1, 1).squeeze(1)


@model
class ConditionalGenerator(nn.Module):
    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(10, 10)
        self.model = nn.Sequential(nn.Linear(110, 128), nn.LeakyReLU(0.2), nn.Linear(128, 784))

    def forward(self, noise, labels):
        x = torch.cat((self.label_emb(labels), noise), -1)
        return self.model(x).view(x.size(0), 1, 28, 28)


@model
class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(2, 4, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 45, 5)
        )
        self.decoder = nn.Linear(5, 180)

    def forward(self, x):
        return self.decoder(self.encoder(x)).view(-1, 2, 90)


# -- text ---------------------------------------------------------------------------------------


@model
class CharRNN(nn.Module):
    """One-hot letters and a hidden state."""

    def __init__(self):
        super().__init__()
        self.hidden_size = 33
        self.i2h = nn.Linear(57 + 33, 33)
        self.i2o = nn.Linear(57 + 33, 18)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        return F.log_softmax(self.i2o(combined), 1), self.i2h(combined)


@model
class LSTMWithState(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(65, 12)
        self.lstm = nn.LSTM(12, 21, num_layers=2, batch_first=True)
        self.fc = nn.Linear(21, 65)

    def forward(self, x, hidden):
        out, hidden = self.lstm(self.embedding(x), hidden)
        return self.fc(out), hidden


@model
class GRUWithState(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(10, 14)

    def forward(self, x, h):
        return self.gru(x, h)


@model
class TwoStates(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(9, 11, batch_first=True)

    def forward(self, x, h0, c0):
        return self.lstm(x, (h0, c0))[0]


@model
class CellLoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(13, 17)
        self.out = nn.Linear(17, 3)

    def forward(self, x):
        h = x.new_zeros(x.size(0), 17)
        c = x.new_zeros(x.size(0), 17)
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
        return self.out(h)


@model
class CellStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRUCell(13, 17)

    def forward(self, obs, state):
        return self.rnn(obs, state)


@model
class BiLSTMTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.word_embeddings = nn.Embedding(500, 30)
        self.lstm = nn.LSTM(30, 15, bidirectional=True)
        self.hidden2tag = nn.Linear(30, 5)

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        return F.log_softmax(self.hidden2tag(out.view(len(sentence), -1)), 1)


@model
class TextCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(300, 20)
        self.convs = nn.ModuleList([nn.Conv2d(1, 6, (k, 20)) for k in (3, 4, 5)])
        self.fc = nn.Linear(18, 2)

    def forward(self, text):
        x = self.embed(text).unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs]
        return self.fc(torch.cat([F.max_pool1d(i, i.size(2)).squeeze(2) for i in x], 1))


@model
class BagOfWords(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(95, 16)
        self.fc = nn.Linear(16, 4)

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(80, 16)
        self.rnn = nn.GRU(16, 24)

    def forward(self, src):
        return self.rnn(self.embedding(src))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(90, 16)
        self.rnn = nn.GRU(16, 24)
        self.out = nn.Linear(24, 90)

    def forward(self, token, hidden):
        output, hidden = self.rnn(self.embedding(token.unsqueeze(0)), hidden)
        return self.out(output.squeeze(0)), hidden


@model
class Seq2Seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        _, hidden = self.encoder(src)
        outputs = []
        token = trg[0]
        for t in range(1, trg.shape[0]):
            output, hidden = self.decoder(token, hidden)
            outputs.append(output)
            token = trg[t]
        return torch.stack(outputs)


@model
class GPT(nn.Module):
    def __init__(self, block_size=24):
        super().__init__()
        self.block_size = block_size
        self.tok = nn.Embedding(65, 32)
        self.pos = nn.Embedding(block_size, 32)
        self.block = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.head = nn.Linear(32, 65)

    def forward(self, idx, targets=None):
        _b, t = idx.shape
        assert t <= self.block_size, (
            f"cannot forward a sequence of {t}, block size is {self.block_size}"
        )
        x = self.tok(idx) + self.pos(torch.arange(t, device=idx.device))
        logits = self.head(self.block(x))
        if targets is None:
            return logits
        return logits, F.cross_entropy(logits.view(-1, 65), targets.view(-1))


@model
class GPTBuffer(nn.Module):
    """A causal mask of a fixed size, and positions added whole."""

    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(40, 16)
        self.pos = nn.Parameter(torch.zeros(1, 20, 16))
        self.qkv = nn.Linear(16, 48)
        self.register_buffer("mask", torch.tril(torch.ones(20, 20)))

    def forward(self, x):
        x = self.tok(x) + self.pos
        q, k, v = self.qkv(x).chunk(3, -1)
        att = (q @ k.transpose(1, 2)).masked_fill(self.mask == 0, float("-inf")).softmax(-1)
        return att @ v


@model
class Translator(nn.Module):
    """Token ids of both languages, and masks of the right sizes."""

    def __init__(self):
        super().__init__()
        self.src_emb, self.tgt_emb = nn.Embedding(70, 32), nn.Embedding(75, 32)
        self.transformer = nn.Transformer(32, 4, 1, 1, 64, batch_first=True)
        self.generator = nn.Linear(32, 75)

    def forward(self, src, tgt, src_mask, tgt_mask, src_padding_mask, tgt_padding_mask):
        out = self.transformer(
            self.src_emb(src),
            self.tgt_emb(tgt),
            src_mask,
            tgt_mask,
            None,
            src_padding_mask,
            tgt_padding_mask,
        )
        return self.generator(out)


@model
class EncoderWithMask(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(100, 24)
        self.attn = nn.MultiheadAttention(24, 3, batch_first=True)
        self.out = nn.Linear(24, 2)

    def forward(self, tokens, attention_mask):
        x = self.embedding(tokens)
        x, _ = self.attn(x, x, x, key_padding_mask=attention_mask == 0)
        return self.out(x.mean(1))


@model
class HomeMadeAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads, self.dim = 4, 36
        self.q, self.k, self.v = nn.Linear(36, 36), nn.Linear(36, 36), nn.Linear(36, 36)

    def forward(self, query, key, value, mask=None):
        b = query.size(0)
        q, k, v = (
            layer(x).view(b, -1, self.heads, 9).transpose(1, 2)
            for layer, x in ((self.q, query), (self.k, key), (self.v, value))
        )
        scores = q @ k.transpose(-2, -1) / 3
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        return (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, -1, 36)


@model
class TwoTexts(nn.Module):
    """As sentence pairs have it, with keywords alone."""

    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(50, 8)
        self.out = nn.Linear(16, 1)

    def forward(self, *, premise, hypothesis):
        return self.out(torch.cat([self.emb(premise).mean(1), self.emb(hypothesis).mean(1)], -1))


# -- sound, series, tables ----------------------------------------------------------------------


@model
class Audio(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 80, stride=16)
        self.conv2 = nn.Conv1d(16, 32, 3)
        self.fc = nn.Linear(32, 12)

    def forward(self, waveform):
        x = F.max_pool1d(F.relu(self.conv1(waveform)), 4)
        x = F.relu(self.conv2(x))
        return self.fc(F.avg_pool1d(x, x.shape[-1]).permute(0, 2, 1))


@model
class Spectrogram(nn.Module):
    """Channels are added, so the mel bins are the image's height."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.rnn = nn.GRU(4 * 40, 16, batch_first=True)

    def forward(self, spec):
        x = self.conv(spec.unsqueeze(1))
        b, c, f, t = x.shape
        return self.rnn(x.reshape(b, c * f, t).transpose(1, 2))[0]


@model
class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=7, hidden_size=19, num_layers=2, batch_first=True)
        self.fc = nn.Linear(19, 1)

    def forward(self, x):
        h0 = torch.zeros(2, x.size(0), 19, device=x.device)
        c0 = torch.zeros(2, x.size(0), 19, device=x.device)
        out, _ = self.lstm(x, (h0, c0))
        return self.fc(out[:, -1, :])


@model
class TimeMixer(nn.Module):
    """A series of 48 steps and 5 features: layers along either side."""

    def __init__(self):
        super().__init__()
        self.time = nn.Linear(48, 48)
        self.feature = nn.Linear(5, 5)

    def forward(self, x):
        x = x + self.time(x.transpose(1, 2)).transpose(1, 2)
        return self.feature(x)


@model
class TCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(6, 12, 3, padding=2, dilation=2)
        self.out = nn.Linear(12, 2)

    def forward(self, x):
        """x: (batch, sequence, features)"""
        y = self.conv(x.transpose(1, 2))
        return self.out(y.transpose(1, 2))


@model
class Tabular(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(n, 4) for n in (7, 12, 31)])
        self.bn = nn.BatchNorm1d(6)
        self.lin = nn.Linear(18, 2)

    def forward(self, x_cat, x_cont):
        x = torch.cat([e(x_cat[:, i]) for i, e in enumerate(self.embeds)], 1)
        return self.lin(torch.cat([x, self.bn(x_cont)], 1))


@model
class Fusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.text = nn.Embedding(60, 8)
        self.table = nn.Linear(11, 8)
        self.head = nn.Linear(24, 3)

    def forward(self, image, text, features):
        parts = [self.image(image), self.text(text).mean(1), self.table(features)]
        return self.head(torch.cat(parts, 1))


@model
class BatchDict(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.words = nn.Embedding(44, 8)

    def forward(self, batch):
        image = self.conv(batch["image"]).mean((2, 3))
        return image + self.words(batch["input_ids"]).mean(1)


@model
class BatchPair(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(5, 4), nn.Linear(7, 4)

    def forward(self, pair):
        left, right = pair
        return self.left(left) + self.right(right)


@model
class Recommender(nn.Module):
    def __init__(self):
        super().__init__()
        self.users, self.items = nn.Embedding(100, 8), nn.Embedding(200, 8)
        self.fc = nn.Linear(16, 1)

    def forward(self, user, item):
        return self.fc(torch.cat([self.users(user), self.items(item)], dim=-1)).squeeze(-1)


# -- points, graphs, physics, control -----------------------------------------------------------


@model
class PointNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(3, 16, 1), nn.Conv1d(16, 64, 1)
        self.fc = nn.Linear(64, 9)

    def forward(self, x):
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        return self.fc(torch.max(x, 2)[0])


@model
class PointsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 32))
        self.fc = nn.Linear(32, 9)

    def forward(self, points):
        _b, _n, _ = points.shape
        return self.fc(self.mlp(points).max(dim=1).values)


@model
class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(14, 8), nn.Linear(8, 3)

    def propagate(self, x, edge_index):
        source, target = edge_index
        return torch.zeros_like(x).index_add(0, target, x[source])

    def forward(self, x, edge_index):
        x = F.relu(self.propagate(self.lin1(x), edge_index))
        return self.propagate(self.lin2(x), edge_index)


@model
class DenseGCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(15, 6))

    def forward(self, x, adj):
        return adj @ (x @ self.weight)


@model
class PINN(nn.Module):
    """The coordinates one by one."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 20), nn.Tanh(), nn.Linear(20, 1))

    def forward(self, x, t):
        return self.net(torch.cat([x, t], dim=1))


@model
class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(4, 32, 8, 4),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, 2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, 1),
        )
        self.fc = nn.Sequential(nn.Linear(7 * 7 * 64, 512), nn.ReLU(), nn.Linear(512, 6))

    def forward(self, state):
        return self.fc(self.conv(state / 255.0).reshape(state.size(0), -1))


@model
class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(17 + 6, 32)
        self.l2 = nn.Linear(32, 1)

    def forward(self, state, action):
        return self.l2(F.relu(self.l1(torch.cat([state, action], 1))))


@model
class MoE(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(22, 4)
        self.experts = nn.ModuleList([nn.Linear(22, 22) for _ in range(4)])

    def forward(self, x):
        weights = self.gate(x).softmax(-1)
        return sum(weights[..., i, None] * expert(x) for i, expert in enumerate(self.experts))


@model
class SparseMoE(nn.Module):
    """Looks at values: which expert gets which token."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(22, 4)
        self.experts = nn.ModuleList([nn.Linear(22, 22) for _ in range(4)])

    def forward(self, hidden_states):
        x = hidden_states.view(-1, 22)
        top = self.gate(x).argmax(-1)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            rows = torch.where(top == i)[0]
            out[rows] = expert(x[rows])
        return out


# -- settings beside tensors --------------------------------------------------------------------


@model
class Annotated(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(23, 4)

    def forward(self, x: torch.Tensor, scale: float, steps: int, train: bool) -> torch.Tensor:
        for _ in range(steps):
            y = self.fc(x) * scale
        return F.dropout(y, training=train)


@model
class ManyOptions(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(29, 4)

    def forward(self, x, mask=None, *args, return_features=False, **kwargs):
        return self.fc(x) if mask is None else self.fc(x * mask)


@model
class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(31, 8)
        self.heads = nn.ModuleDict({"age": nn.Linear(8, 1), "sex": nn.Linear(8, 2)})

    def forward(self, x):
        return {name: head(self.body(x)) for name, head in self.heads.items()}


class State(NamedTuple):
    h: torch.Tensor


@model
class SelfDescribed(nn.Module):
    """Its input is in an attribute; no layer says it."""

    def __init__(self, input_dim=26):
        super().__init__()
        self.input_dim = input_dim
        self.w = nn.Parameter(torch.rand(input_dim, 3))

    def forward(self, x):
        return torch.einsum("bi,io->bo", x, self.w)


@model
class WrappedLinear(nn.Module):
    """A layer of one's own."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(8, 41))
        self.bias = nn.Parameter(torch.rand(8))

    def forward(self, features):
        return F.linear(features, self.weight, self.bias)


@model
def PlainSequential():
    return nn.Sequential(nn.Linear(39, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 2))


@model
def SequentialCNN():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 19 * 19, 4)
    )


@model
def LazyNet():
    return nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(3))


@model
class NoParameters(nn.Module):
    def forward(self, x, y):
        return torch.relu(x) + y


@model
class NoArguments(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.rand(4))

    def forward(self):
        return self.w * 2


@model
class Printing(nn.Module):
    """People print shapes while they look for a mistake."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4 * 53 * 53, 2)

    def forward(self, x):
        x = self.conv(x)
        print("after conv:", x.shape)
        return self.fc(x.flatten(1))
