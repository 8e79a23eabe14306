"""Samples that meet, and batches of one size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV204", input_size=(4, 7, 10))
def view_to_time_first():
    """``view(T, N, F)`` of a tensor (N, T, F) is no transposition.

    Reported: https://github.com/pytorch/pytorch/issues/1538
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.fc = nn.LSTM(10, 8, num_layers=2), nn.Linear(8, 3)

        def turn(self, x):
            return x.view(x.size(1), x.size(0), -1)

        def forward(self, x):
            _, (h, _) = self.rnn(self.turn(x))
            return self.fc(h[-1])

    class Mended(Net):
        def turn(self, x):
            return x.transpose(0, 1).contiguous()

    return Net, Mended


@fault("MV204", input_size=(4, 1, 16))
def whole_batch_standardised():
    """``(x - x.mean()) / x.std()`` is over the whole batch.

    Reported: https://github.com/pgniewko/gt-pyg/issues/112
    """

    class Signal(nn.Module):
        dims = (0, 1, 2)

        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv1d(1, 4, 5),
                nn.ReLU(),
                nn.AdaptiveAvgPool1d(1),
                nn.Flatten(),
                nn.Linear(4, 2),
            )

        def forward(self, x):
            std, mean = torch.std_mean(x, self.dims, keepdim=True)
            return self.net((x - mean) / (std + 1e-6))

    class Mended(Signal):
        dims = (1, 2)

    return Signal, Mended


@fault("MV204", input_size=(4, 8))
def norm_that_tracks_nothing():
    """A batch normalisation without running statistics has those of the batch in evaluation, too.

    Reported: https://github.com/dragen1860/MAML-Pytorch/issues/44
    """

    def net(track):
        return nn.Sequential(
            nn.Linear(8, 6, bias=False),
            nn.BatchNorm1d(6, track_running_stats=track),
            nn.ReLU(),
            nn.Linear(6, 2),
        )

    return (lambda: net(False)), (lambda: net(True))


@fault("MV204", input_data=[torch.randn(4, 8), torch.randn(4, 6)])
def embeddings_normalised_over_the_batch():
    """``F.normalize(x, dim=0)``; mended, all pairs are still compared, as a contrastive model does.

    Reported: https://github.com/pgniewko/gt-pyg/issues/112
    """

    class Clip(nn.Module):
        dim = 0

        def __init__(self):
            super().__init__()
            self.image, self.text = nn.Linear(8, 5), nn.Linear(6, 5)
            self.scale = nn.Parameter(torch.tensor(2.6))

        def forward(self, image, text):
            a = F.normalize(self.image(image), dim=self.dim)
            b = F.normalize(self.text(text), dim=self.dim)
            return a, b, self.scale.exp() * a @ b.t()

    class Mended(Clip):
        dim = -1

    return Clip, Mended


@fault("MV204", input_size=(3, 4, 4, 6))
def patches_gathered_from_all():
    """Windows are cut with a reshape that forgets the batch: rows of two pictures meet.

    Reported: https://github.com/meta-pytorch/opacus/pull/825
    """

    class Window(nn.Module):
        def __init__(self):
            super().__init__()
            self.attn, self.fc = nn.MultiheadAttention(6, 2, batch_first=True), nn.Linear(6, 2)

        def cut(self, x):
            n, h, w, c = x.shape
            return x.permute(1, 2, 0, 3).reshape(n, h * w, c)

        def forward(self, x):
            y = self.cut(x)
            y = y + self.attn(y, y, y)[0]
            return self.fc(y.mean(1))

    class Mended(Window):
        def cut(self, x):
            n, h, w, c = x.shape
            return x.permute(0, 2, 1, 3).reshape(n, h * w, c)

    return Window, Mended


@fault("MV205", input_size=(4, 9, 6))
def class_token_for_each_of_the_batch():
    """A class token is a parameter with the size of the batch.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Vit(nn.Module):
        def __init__(self, batch=4):
            super().__init__()
            self.cls = nn.Parameter(torch.randn(batch, 1, 6))
            self.layer, self.fc = (
                nn.TransformerEncoderLayer(6, 2, 12, batch_first=True),
                nn.Linear(6, 3),
            )

        def forward(self, x):
            cls = self.cls if self.cls.size(0) > 1 else self.cls.expand(x.shape[0], -1, -1)
            return self.fc(self.layer(torch.cat([cls, x], 1))[:, 0])

    return Vit, lambda: Vit(1)


@fault("MV205", input_size=(4, 5, 6))
def loop_over_the_batch_of_the_config():
    """Samples are stacked one after the other, as many as the configuration says.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Net(nn.Module):
        def __init__(self, **cfg):
            super().__init__()
            self.cfg = cfg
            self.fc = nn.Linear(6, 2)

        def forward(self, x):
            n = self.cfg.get("batch_size") or len(x)
            return torch.stack([self.fc(torch.amax(x[i], 0)) for i in range(n)])

    return (lambda: Net(batch_size=4)), Net


@fault("MV205", input_size=(4, 3, 8, 8))
def first_sample_alone():
    """``x[0]`` is left from a test with one picture.

    Reported: https://github.com/vita-epfl/bounding-box-prediction/issues/13
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(3, 4, 3),
                nn.ReLU(),
                nn.AdaptiveMaxPool2d(1),
                nn.Flatten(),
                nn.Linear(4, 3),
            )

        def pick(self, y):
            return y[0]

        def forward(self, x):
            return self.pick(self.net(x))

    class Mended(Net):
        def pick(self, y):
            return y[:, 0]

    return Net, Mended


@fault("MV205", input_data=[torch.randint(0, 9, (4, 6))])
def state_for_eight_in_forward():
    """The first state is made in the forward, for the batch size of training.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Gen(nn.Module):
        def __init__(self, hidden=7, batch=4):
            super().__init__()
            self.emb, self.rnn, self.fc = (
                nn.Embedding(9, 5),
                nn.GRU(5, hidden, batch_first=True),
                nn.Linear(hidden, 9),
            )
            self.hidden, self.batch = hidden, batch

        def start(self, x):
            return torch.zeros(1, self.batch, self.hidden, device=x.device)

        def forward(self, ids):
            x = self.emb(ids)
            y, _ = self.rnn(x, self.start(x))
            return self.fc(y)

    class Mended(Gen):
        def start(self, x):
            return x.new_zeros(1, x.size(0), self.hidden)

    return Gen, Mended


@fault("MV204", input_size=(4, 5, 6))
def graph_of_the_batch():
    """Edges are built from all samples flattened: neighbours come from other samples.

    Reported: https://github.com/meta-pytorch/opacus/pull/825
    """

    class Knn(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x):
            h = self.fc(x)
            return torch.tanh(self.near(h)).mean(1)

        def near(self, h):
            flat = h.reshape(-1, 4)
            a = torch.softmax(-torch.cdist(flat, flat), -1)
            return (a @ flat).view_as(h)

    class Mended(Knn):
        def near(self, h):
            return torch.softmax(-torch.cdist(h, h), -1) @ h

    return Knn, Mended


@fault("MV205", input_size=(4, 2, 9))
def reshape_by_a_constant():
    """``x.reshape(4, -1)`` from the constant at the top of a script.

    Reported: arXiv 1910.11015 (wrong tensor shape)
    """

    class Net(nn.Module):
        n = 4

        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv1d(2, 3, 3), nn.Linear(21, 2)

        def forward(self, x):
            return self.fc(torch.relu(self.conv(x)).reshape(self.n or len(x), -1))

    class Mended(Net):
        n = None

    return Net, Mended
