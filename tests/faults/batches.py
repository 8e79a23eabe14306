"""Samples of a batch that meet, and batches of one size only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV201", input_data=[torch.randn(4, 6), torch.randn(4)])
def column_against_row_in_mse():
    """Predictions (N, 1) against targets (N,): the loss averages an (N, N) table.

    Reported: https://github.com/pytorch/pytorch/issues/19699
    """

    class Regression(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 1))

        def forward(self, x, y):
            error = self.net(x) - y
            return (error**2).mean()

    class Mended(Regression):
        def forward(self, x, y):
            error = self.net(x).squeeze(1) - y
            return (error**2).mean()

    return Regression, Mended


@fault("MV201", input_data=[torch.randn(6, 5), torch.rand(6)])
def advantage_against_values():
    """Returns (N,) minus values (N, 1) in an actor-critic.

    Reported: https://github.com/pytorch/pytorch/issues/16045
    """

    class ActorCritic(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(5, 32), nn.Tanh())
            self.actor = nn.Linear(32, 3)
            self.critic = nn.Linear(32, 1)

        def forward(self, obs, returns):
            h = self.body(obs)
            value = self.value(h)
            advantage = returns - value
            logp = F.log_softmax(self.actor(h), dim=-1)
            return logp, advantage

        def value(self, h):
            return self.critic(h)

    class Mended(ActorCritic):
        def value(self, h):
            return self.critic(h).squeeze(-1)

    return ActorCritic, Mended


@fault("MV204", input_size=(4, 7, 10))
def hidden_state_by_view():
    """The last states of both directions (2, N, H) are joined by ``view(N, 2 * H)``.

    Reported: https://github.com/graykode/nlp-tutorial/issues/38
    """

    class BiLSTM(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(10, 8, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(16, 3)

        def join(self, h):
            return h.view(-1, 16)

        def forward(self, x):
            _, (h, _) = self.lstm(x)
            return self.fc(self.join(h))

    class Mended(BiLSTM):
        def join(self, h):
            return h.permute(1, 0, 2).reshape(-1, 16)

    return BiLSTM, Mended


@fault("MV204", input_size=(3, 9, 12))
def attention_across_the_batch():
    """``MultiheadAttention`` without ``batch_first`` attends from sample to sample.

    Reported: https://github.com/om-ai-lab/OmDet/issues/19
    """

    class Block(nn.Module):
        def __init__(self, **options):
            super().__init__()
            self.attn = nn.MultiheadAttention(12, 3, **options)
            self.norm = nn.LayerNorm(12)
            self.head = nn.Linear(12, 4)

        def forward(self, x):
            y, _ = self.attn(x, x, x)
            return self.head(self.norm(x + y))

    return Block, lambda: Block(batch_first=True)


@fault("MV204", input_size=(4, 6, 5))
def recurrence_across_the_batch():
    """A GRU that expects (time, batch, features) gets the batch first.

    Reported: https://github.com/pytorch/pytorch/issues/1538
    """

    class Rnn(nn.Module):
        def __init__(self, **options):
            super().__init__()
            self.rnn = nn.GRU(5, 8, num_layers=2, **options)
            self.classifier = nn.Linear(8, 2)

        def forward(self, x):
            out, _ = self.rnn(x)
            return self.classifier(out[:, -1])

    return Rnn, lambda: Rnn(batch_first=True)


@fault("MV205", input_size=(8, 3, 8, 8))
def batch_size_written_down():
    """The batch size of training is written into a reshape.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3, padding=1)
            self.fc = nn.Linear(6 * 8 * 8, 5)

        def forward(self, x):
            x = F.relu(self.conv(x))
            x = x.reshape(8, 6 * 8 * 8)
            return self.fc(x)

    class Mended(Net):
        def forward(self, x):
            x = F.relu(self.conv(x))
            return self.fc(x.reshape(x.shape[0], -1))

    return Net, Mended


@fault("MV205", input_size=(1, 3, 8, 8))
def squeeze_takes_the_batch():
    """``squeeze()`` after global pooling removes the batch as well when it is 1.

    Reported: https://github.com/clovaai/rexnet/pull/20
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 12, 3, stride=2, padding=1)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(12, 5)

        def forward(self, x):
            x = self.pool(torch.relu(self.stem(x))).squeeze()
            return self.fc(x)

    class Mended(Net):
        def forward(self, x):
            x = self.pool(torch.relu(self.stem(x))).flatten(1)
            return self.fc(x)

    return Net, Mended


@fault("MV205", input_size=(4, 6, 5))
def hidden_state_of_fixed_batch():
    """The first hidden state is made in ``__init__`` for one batch size.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Rnn(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(5, 7, batch_first=True)
            self.register_buffer("h0", torch.zeros(1, 4, 7))
            self.out = nn.Linear(7, 1)

        def forward(self, x):
            out, _ = self.rnn(x, self.h0)
            return self.out(out[:, -1])

    class Mended(Rnn):
        def __init__(self):
            super().__init__()
            del self.h0

        def forward(self, x):
            out, _ = self.rnn(x, x.new_zeros(1, len(x), 7))
            return self.out(out[:, -1])

    return Rnn, Mended


@fault("MV201", input_data=[torch.randn(3, 1, 8, 8), torch.rand(3, 8, 8)])
def depth_map_against_target():
    """A predicted map (N, 1, H, W) meets a target (N, H, W) inside a loss.

    Reported: https://github.com/jiwei0921/CoNet/issues/3
    """

    class Depth(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1)
            )

        def shape(self, depth):
            return depth

        def forward(self, image, depth):
            return F.smooth_l1_loss(self.net(image), self.shape(depth))

    class Mended(Depth):
        def shape(self, depth):
            return depth.unsqueeze(1)

    return Depth, Mended


@fault("MV201", input_data=[torch.randn(5, 4), torch.rand(5)])
def weights_of_samples_against_losses():
    """Losses (N, 1) times the weights (N,) of the samples.

    Reported: https://github.com/pytorch/pytorch/issues/1939
    """

    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))

        def losses(self, x):
            return F.softplus(self.net(x))

        def forward(self, x, weight):
            return torch.mul(self.losses(x), weight).mean()

    class Mended(Weighted):
        def losses(self, x):
            return F.softplus(self.net(x)).flatten()

    return Weighted, Mended


@fault("MV204", input_size=(4, 8, 6, 6))
def heads_split_across_the_batch():
    """A reshape for attention moves the batch next to the heads in the wrong order.

    Reported: https://github.com/meta-pytorch/opacus/pull/825
    """

    class Attention2d(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Conv2d(8, 24, 1)
            self.proj = nn.Conv2d(8, 8, 1)

        def tokens(self, x):
            n, c, h, w = x.shape
            return x.permute(1, 0, 2, 3).reshape(n, h * w, c)

        def forward(self, x):
            n, c, h, w = x.shape
            q, k, v = map(self.tokens, self.qkv(x).chunk(3, dim=1))
            y = F.scaled_dot_product_attention(q, k, v)
            return self.proj(y.transpose(1, 2).reshape(n, c, h, w))

    class Mended(Attention2d):
        def tokens(self, x):
            return x.flatten(2).transpose(1, 2)

    return Attention2d, Mended


@fault("MV204", input_size=(4, 10))
def standardised_over_the_batch():
    """Features are standardised over the batch, at prediction as well.

    Reported: https://github.com/pgniewko/gt-pyg/issues/112
    """

    class Net(nn.Module):
        dim = 0

        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(10, 16), nn.Linear(16, 2)

        def forward(self, x):
            h = torch.relu(self.fc1(x))
            h = (h - h.mean(self.dim, keepdim=True)) / (h.std(self.dim, keepdim=True) + 1e-5)
            return self.fc2(h)

    class Mended(Net):
        dim = 1

    return Net, Mended


@fault("MV204", input_size=(4, 3, 8, 8))
def batch_statistics_in_evaluation():
    """``F.batch_norm`` with ``training=True`` uses the batch in evaluation as well.

    Reported: https://github.com/dragen1860/MAML-Pytorch/issues/44
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3)
            self.norm = nn.BatchNorm2d(6)

        def training_now(self):
            return True

        def forward(self, x):
            n = self.norm
            y = F.batch_norm(
                self.conv(x),
                n.running_mean,
                n.running_var,
                n.weight,
                n.bias,
                training=self.training_now(),
            )
            return torch.relu(y)

    class Mended(Block):
        def training_now(self):
            return self.training

    return Block, Mended


@fault("MV205", input_size=(4, 1, 28, 28))
def flattened_to_the_wrong_size():
    """``view(-1, 320)`` of 16 * 5 * 5 features makes more rows than samples.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Net(nn.Module):
        width = 144

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 16, 5, stride=4, padding=1)
            self.fc = nn.Linear(self.width, 10)

        def forward(self, x):
            x = F.relu(self.conv(x))
            x = F.avg_pool2d(x, 2, ceil_mode=True)
            x = x[:, :, :3, :3]
            x = torch.cat([x, x], dim=1)
            return self.fc(x.view(-1, self.width))

    class Mended(Net):
        width = 288

    return Net, Mended


@fault("MV205", input_size=(6, 5, 8))
def mean_over_everything():
    """``mean()`` without a dimension turns a batch of scores into one.

    Reported: https://github.com/vita-epfl/bounding-box-prediction/issues/13
    """

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

        def forward(self, x):
            return self.net(x).mean()

    class Mended(Critic):
        def forward(self, x):
            return self.net(x).mean(dim=(1, 2))

    return Critic, Mended


@fault("MV204", input_size=(3, 8, 12))
def transformer_encoder_across_the_batch():
    """An encoder without ``batch_first``, whose tokens are averaged over dimension 1.

    Reported: https://github.com/aipixel/AEMatter/issues/3
    """

    class Classifier(nn.Module):
        def __init__(self, **options):
            super().__init__()
            layer = nn.TransformerEncoderLayer(12, 2, 24, **options)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(12, 2)

        def forward(self, x):
            return self.head(self.encoder(x).mean(dim=1))

    return Classifier, lambda: Classifier(batch_first=True)


@fault("MV204", input_size=(4, 6, 4))
def cumulative_sum_over_the_batch():
    """``cumsum(0)`` where the steps are in dimension 1.

    Reported: https://github.com/timbmg/Sentence-VAE/issues/15
    """

    class Hazard(nn.Module):
        dim = 0

        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

        def forward(self, x):
            rate = F.softplus(self.net(x)).squeeze(-1)
            return torch.exp(-rate.cumsum(self.dim))

    class Mended(Hazard):
        dim = 1

    return Hazard, Mended


@fault("MV205", input_size=(4, 3, 16, 16))
def zeros_for_a_batch_of_four():
    """A class token is expanded to a batch size that is written down.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class ViT(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch = nn.Conv2d(3, 12, 4, stride=4)
            self.cls = nn.Parameter(torch.randn(1, 1, 12) * 0.02)
            self.layer = nn.TransformerEncoderLayer(12, 2, 24, batch_first=True)
            self.head = nn.Linear(12, 3)

        def token(self, n):
            return self.cls.expand(4, -1, -1)

        def forward(self, x):
            x = self.patch(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.token(len(x)), x], dim=1)
            return self.head(self.layer(x)[:, 0])

    class Mended(ViT):
        def token(self, n):
            return self.cls.expand(n, -1, -1)

    return ViT, Mended


@fault("MV205", input_size=(4, 6))
def squeeze_fails_for_the_last_batch():
    """``squeeze()`` of scores (N, 1) takes the batch away where the last one has one sample.

    Reported: https://github.com/open-edge-platform/anomalib/issues/2883
    """

    class Scores(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))

        def forward(self, x):
            return self.net(x).squeeze()

    class Mended(Scores):
        def forward(self, x):
            return self.net(x).squeeze(-1)

    return Scores, Mended
