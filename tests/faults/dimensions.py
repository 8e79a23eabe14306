"""Shapes that pair all samples, and softmax over the wrong dimension."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV201", input_data=[torch.randn(6, 4), torch.randn(6), torch.zeros(6)])
def targets_of_a_q_network():
    """The reward (N,) meets the next values (N, 1).

    Reported: https://github.com/pytorch/pytorch/issues/16045
    """

    class TD(nn.Module):
        def __init__(self):
            super().__init__()
            self.q = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))

        def best(self, obs):
            return self.q(obs).max(1, keepdim=True)[0]

        def forward(self, obs, reward, done):
            return reward + 0.99 * (1 - done) * self.best(obs)

    class Mended(TD):
        def best(self, obs):
            return self.q(obs).max(1)[0]

    return TD, Mended


@fault("MV201", input_data=[torch.randn(5, 8), torch.randn(5, 8), torch.ones(5, 1)])
def contrastive_labels_in_a_column():
    """Distances (N,) times labels (N, 1) in a contrastive loss.

    Reported: https://github.com/pytorch/pytorch/issues/19699
    """

    class Siamese(nn.Module):
        def __init__(self, margin=1.0):
            super().__init__()
            self.net, self.margin = (
                nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4)),
                margin,
            )

        def label(self, y):
            return y

        def forward(self, a, b, y):
            y = self.label(y)
            d = F.pairwise_distance(self.net(a), self.net(b))
            return torch.mean(y * d.pow(2) + (1 - y) * (self.margin - d).clamp(min=0).pow(2))

    class Mended(Siamese):
        def label(self, y):
            return y.flatten()

    return Siamese, Mended


@fault("MV201", input_data=[torch.randn(4, 6), torch.randn(4)])
def as_many_prototypes_as_samples():
    """A value (N, 1) minus a target (N,); mended, beside thresholds of the same number as samples.

    Reported: https://github.com/pytorch/pytorch/issues/19699
    """

    class Ordinal(nn.Module):
        def __init__(self):
            super().__init__()
            self.f = nn.Linear(6, 1)
            self.cuts = nn.Parameter(torch.linspace(-1, 1, 4))

        def miss(self, score, y):
            return F.mse_loss(score, y)

        def forward(self, x, y):
            score = self.f(torch.sin(x))
            return torch.sigmoid(score - self.cuts), self.miss(score, y)

    class Mended(Ordinal):
        def miss(self, score, y):
            return F.mse_loss(score, y[:, None])

    return Ordinal, Mended


@fault("MV202", "MV204", input_size=(5, 8))
def softmax_of_the_transposed():
    """Scores are transposed, normalised along their rows and transposed back.

    Reported: https://github.com/DeepReinforcementLearning/DeepReinforcementLearningInAction/issues/14
    """

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))

        def forward(self, x):
            return F.softmax(self.net(x).t(), dim=1).t()

    class Mended(Policy):
        def forward(self, x):
            return F.softmax(self.net(x).t(), dim=0).t()

    return Policy, Mended


@fault("MV202", "MV204", input_size=(4, 8))
def gumbel_over_the_batch():
    """``gumbel_softmax`` along dimension 0; mended, the mixture of parameters has it rightly.

    Reported: https://github.com/ethanfetaya/NRI/issues/25
    """

    class Choice(nn.Module):
        dim = 0

        def __init__(self):
            super().__init__()
            self.logits = nn.Linear(8, 5)
            self.mix = nn.Parameter(torch.zeros(3))
            self.values = nn.ModuleList(nn.Linear(5, 2) for _ in range(3))

        def forward(self, x):
            z = F.gumbel_softmax(self.logits(x), tau=0.5, dim=self.dim)
            w = self.mix.softmax(0)
            return sum(w[i] * torch.tanh(v(z)) for i, v in enumerate(self.values))

    class Mended(Choice):
        dim = -1

    return Choice, Mended


@fault("MV202", "MV204", input_size=(7, 3, 5))
def time_first_attention_over_dimension_one():
    """A recurrence has time first, and its attention is normalised over dimension 1, the batch.

    Reported: https://github.com/ctallec/world-models/issues/10
    """

    class Pool(nn.Module):
        dim = 1

        def __init__(self):
            super().__init__()
            self.rnn, self.score, self.fc = nn.GRU(5, 6), nn.Linear(6, 1), nn.Linear(6, 2)

        def forward(self, x):
            out, _ = self.rnn(x)
            a = torch.softmax(self.score(out), dim=self.dim)
            return self.fc((a * out).sum(0))

    class Mended(Pool):
        dim = 0

    return Pool, Mended


@fault("MV203", input_size=(2, 3, 8, 8))
def softmax_of_one_channel():
    """A mask of one channel goes through a softmax over the channels.

    Reported: arXiv 1910.11015 (wrong type of activation function)
    """

    def net(last):
        return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1), last)

    return (lambda: net(nn.Softmax(dim=1))), (lambda: net(nn.Sigmoid()))


@fault("MV203", input_size=(2, 3, 8, 8))
def softmax_of_what_was_pooled():
    """Softmax along the last dimension of (N, C, 1), after pooling.

    Reported: https://github.com/falloutdurham/beginners-pytorch-deep-learning/pull/25
    """

    class Gate(nn.Module):
        dim = -1

        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3)

        def forward(self, x):
            x = self.conv(x)
            w = F.adaptive_avg_pool1d(x.flatten(2), 1)
            w = w.log_softmax(self.dim).exp()
            return x * w.unsqueeze(-1)

    class Mended(Gate):
        dim = 1

    return Gate, Mended


@fault("MV201", input_data=[torch.randn(6, 4), torch.randn(6, 4), torch.rand(6)])
def weights_of_importance():
    """Squared errors kept as (N, 1) times importance weights (N,).

    Reported: https://github.com/pytorch/pytorch/issues/1939
    """

    class Critic(nn.Module):
        def __init__(self):
            super().__init__()
            self.v = nn.Sequential(nn.Linear(4, 8), nn.ELU(), nn.Linear(8, 1))

        def w(self, w):
            return w

        def forward(self, s, s2, w):
            td = self.v(s) - 0.9 * self.v(s2).detach()
            return (self.w(w) * td.square()).mean()

    class Mended(Critic):
        def w(self, w):
            return w[:, None]

    return Critic, Mended


@fault("MV202", "MV204", input_size=(4, 3, 5, 5))
def segmentation_softmax_over_zero():
    """Class maps (N, C, H, W) are normalised over dimension 0.

    Reported: https://github.com/perone/euclidesdb/issues/2
    """

    def net(dim):
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 1), nn.Softmax(dim)
        )

    return (lambda: net(0)), (lambda: net(1))
