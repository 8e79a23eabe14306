"""What is computed and not heard: directions, flags, positions, and weights drawn anew."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV110", input_size=(4, 9, 8))
def one_half_of_both_directions():
    """The features of the forward direction alone are read.

    Reported: arXiv 1910.11015, wrong shape of a layer's output
    """

    class Net(nn.Module):
        def __init__(self, width=6):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True, bidirectional=True)
            self.fc, self.width = nn.Linear(width, 3), width

        def forward(self, x):
            return self.fc(self.rnn(x)[0][..., : self.width])

    return Net, lambda: Net(12)


@fault("MV110", input_size=(4, 9, 8))
def last_place_of_both_directions():
    """The last place of the output is where the backward direction begins.

    Reported: arXiv 1910.11015, wrong shape of a layer's output
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(8, 6, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(12, 3)

        def last(self, y, h):
            return y[:, -1]

        def forward(self, x):
            return self.fc(self.last(*self.rnn(x)))

    class Mended(Net):
        def last(self, y, h):
            return torch.cat([h[-2], h[-1]], -1)

    return Net, Mended


@fault("MV110", input_size=(4, 9, 8))
def state_of_the_first_layer():
    """``h[0]`` is the state of the first layer of two: the second learns nothing.

    Reported: arXiv 1910.11015, redundant layer
    """

    class Net(nn.Module):
        layer = 0

        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(8, 6, num_layers=2, batch_first=True)
            self.fc = nn.Linear(6, 3)

        def forward(self, x):
            return self.fc(self.rnn(x)[1][self.layer])

    class Mended(Net):
        layer = -1

    return Net, Mended


@fault("MV209", input_size=(4, 9, 8))
def positions_along_the_batch():
    """A table for (time, batch, features) is added to (batch, time, features).

    Reported: arXiv 1910.11015, wrong shape of input data
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            table = torch.arange(64)[:, None] / 10.0 ** torch.arange(8)
            self.register_buffer("table", table.sin()[:, None])
            self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.fc = nn.Linear(8, 2)

        def places(self, x):
            return self.table[: x.size(0)]

        def forward(self, x):
            return self.fc(self.encoder(x + self.places(x)).mean(1))

    class Mended(Net):
        def places(self, x):
            return self.table[: x.size(1)].transpose(0, 1)

    return Net, Mended


@fault("MV107", input_size=(4, 8))
def weights_drawn_in_the_forward():
    """The initialisation stands in ``forward``: each call forgets what was learned.

    Reported: arXiv 1910.11015, wrong initialisation of weights
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(8, 6), nn.Linear(6, 2)
            self.start()

        def start(self):
            nn.init.kaiming_normal_(self.one.weight)

        def forward(self, x):
            self.start()
            return self.two(self.one(x).relu())

    class Mended(Net):
        def forward(self, x):
            return self.two(self.one(x).relu())

    return Net, Mended


@fault("MV307", input_size=(4, 8))
def a_flag_on_the_module():
    """``self.backbone.requires_grad = False`` sets an attribute that nobody reads.

    Reported: arXiv 1910.11015, wrong use of an interface
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
            self.head = nn.Linear(8, 2)
            self.freeze()

        def freeze(self):
            self.backbone.requires_grad = False

        def forward(self, x):
            return self.head(self.backbone(x).relu())

    class Mended(Net):
        def freeze(self):
            self.backbone.requires_grad_(False)

    return Net, Mended


@fault("MV307", input_size=(4, 8))
def a_flag_that_is_misspelt():
    """``parameter.require_grad = False`` freezes nothing.

    Reported: arXiv 1910.11015, wrong use of an interface
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.head = nn.Linear(8, 8), nn.Linear(8, 2)
            for parameter in self.embed.parameters():
                self.freeze(parameter)

        def freeze(self, parameter):
            parameter.require_grad = False

        def forward(self, x):
            return self.head(self.embed(x).relu())

    class Mended(Net):
        def freeze(self, parameter):
            parameter.requires_grad = False

    return Net, Mended


@fault("MV104", "MV103", input_size=(4, 8))
def a_parameter_that_was_computed_on():
    """What comes of ``nn.Parameter(...) * 0.5`` is none, and is neither trained nor saved.

    Reported: arXiv 1910.11015, wrong use of an interface
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(8, 6), nn.Linear(6, 2)
            self.scale = self.start()

        def start(self):
            return nn.Parameter(torch.ones(6)) * 0.5

        def forward(self, x):
            return self.two(self.one(x).relu() * self.scale)

    class Mended(Net):
        def start(self):
            return nn.Parameter(torch.ones(6) * 0.5)

    return Net, Mended


@fault("MV408", input_size=(4, 2, 9, 8))
def queries_scaled_before_fused_attention():
    """Code for attention by hand moved to ``scaled_dot_product_attention``, with its scale.

    Reported: arXiv 1910.11015, redundant operation
    """

    class Net(nn.Module):
        factor = 8**-0.5

        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))

        def forward(self, x):
            return F.scaled_dot_product_attention(self.q(x) * self.factor, self.k(x), self.v(x))

    class Mended(Net):
        factor = 2.0  # a temperature of its own

    return Net, Mended


@fault("MV204", input_size=(4, 6, 8, 8))
def a_squeeze_over_the_batch():
    """The mean of a squeeze gate is over the samples as well.

    Reported: arXiv 1910.11015, wrong parameter of a layer
    """

    class Net(nn.Module):
        over = (0, 2, 3)

        def __init__(self):
            super().__init__()
            self.conv, self.out = nn.Conv2d(6, 8, 3, padding=1), nn.Conv2d(8, 2, 1)
            self.gate = nn.Linear(8, 8)

        def forward(self, x):
            x = self.conv(x)
            gate = torch.sigmoid(self.gate(x.mean(self.over, keepdim=True).flatten(1)))
            return self.out(x * gate[:, :, None, None])

    class Mended(Net):
        over = (2, 3)

    return Net, Mended


@fault("MV101", input_size=(4, 9, 8))
def keys_by_the_layer_of_queries():
    """Keys come of the layer of the queries; that of the keys is never called.

    Reported: arXiv 1910.11015, wrong layer
    """

    class Net(nn.Module):
        keys = "q"

        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))

        def forward(self, x):
            keys = getattr(self, self.keys)(x)
            return F.scaled_dot_product_attention(self.q(x), keys, self.v(x))

    class Mended(Net):
        keys = "k"

    return Net, Mended


@fault("MV207", input_size=(4, 3, 16, 16))
def a_group_norm_of_single_values():
    """A group for each channel, after global pooling: every output is the bias.

    Reported: arXiv 1910.11015, wrong parameter of a layer
    """

    class Net(nn.Module):
        groups = 8

        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(8, 2)
            self.norm = nn.GroupNorm(self.groups, 8)

        def forward(self, x):
            pooled = F.adaptive_avg_pool2d(self.conv(x).relu(), 1)
            return self.fc(self.norm(pooled).flatten(1))

    class Mended(Net):
        groups = 2

    return Net, Mended
