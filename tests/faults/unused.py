"""Layers that are made and not used, and results that are computed and lost."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV101", input_size=(4, 16))
def layer_never_called():
    """A layer is made in ``__init__`` and the forward forgets it.

    Reported: https://github.com/NVlabs/PWC-Net/issues/110
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(16, 16)
            self.fc2 = nn.Linear(16, 16)
            self.fc3 = nn.Linear(16, 2)

        def forward(self, x):
            x = F.relu(self.fc1(x))
            return self.fc3(x)

    class Mended(Net):
        def forward(self, x):
            x = F.relu(self.fc1(x))
            x = F.relu(self.fc2(x))
            return self.fc3(x)

    return Net, Mended


@fault("MV101", input_size=(2, 3, 16, 16))
def same_layer_called_twice_by_mistake():
    """``conv2`` is called where ``conv3`` was meant, so one has no use.

    Reported: https://github.com/skaae/recurrent-spatial-transformer-code/issues/3
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
            self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
            self.conv3 = nn.Conv2d(8, 8, 3, padding=1)
            self.fc = nn.Linear(8, 10)

        def forward(self, x):
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            x = F.relu(self.conv2(x))
            return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    class Mended(Net):
        def forward(self, x):
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            x = F.relu(self.conv3(x))
            return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    return Net, Mended


@fault("MV105", "MV102", input_size=(2, 6, 16))
def branch_computed_and_lost():
    """Inside a loop each layer gets the first input: only the last one counts.

    Reported: https://github.com/cyclomon/UNSB/issues/29
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList(
                nn.Sequential(nn.Linear(16, 16), nn.ReLU()) for _ in range(3)
            )
            self.out = nn.Linear(16, 4)

        def forward(self, x):
            for block in self.blocks:
                out = block(x)
            return self.out(out)

    class Mended(Net):
        def forward(self, x):
            out = x
            for block in self.blocks:
                out = block(out)
            return self.out(out)

    return Net, Mended


@fault("MV105", "MV102", input_size=(2, 8, 10))
def shortcut_overwritten():
    """The sum with the shortcut is overwritten by the next line, which starts from the input.

    Reported: https://github.com/speechbrain/speechbrain/issues/1124
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv1d(8, 8, 3, padding=1)
            self.reduce = nn.Conv1d(8, 8, 1)
            self.drop = nn.Dropout(0.1)

        def forward(self, x):
            out = F.relu(self.conv(x))
            out = out + self.reduce(x)
            out = self.drop(x)
            return out

    class Mended(Block):
        def forward(self, x):
            out = F.relu(self.conv(x))
            out = out + self.reduce(x)
            return self.drop(out)

    def net(block):
        return nn.Sequential(block(), nn.Conv1d(8, 4, 1))

    return lambda: net(Block), lambda: net(Mended)


@fault("MV106", input_data=[torch.randn(4, 8), torch.randn(4, 5)])
def second_input_ignored():
    """The condition is given to the model, which never looks at it.

    Reported: https://github.com/lucidrains/Mega-pytorch/issues/2
    """

    class Conditional(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(8, 16)
            self.mix = nn.Linear(16, 8)

        def forward(self, x, condition):
            h = torch.relu(self.embed(x))
            return self.mix(h)

    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(8, 16)
            self.condition = nn.Linear(5, 16)
            self.mix = nn.Linear(16, 8)

        def forward(self, x, condition):
            h = torch.relu(self.embed(x) + self.condition(condition))
            return self.mix(h)

    return Conditional, Mended


@fault("MV102", input_size=(4, 16))
def parameter_declared_and_not_used():
    """A learned scale is declared, and the forward multiplies by nothing.

    Reported: https://github.com/pytorch/pytorch/issues/19791
    """

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(16, 16)
            self.gamma = nn.Parameter(torch.ones(16))

        def forward(self, x):
            return x + torch.tanh(self.fc(x))

    class Mended(Scaled):
        def forward(self, x):
            return x + self.gamma * torch.tanh(self.fc(x))

    return Scaled, Mended


@fault("MV101", input_size=(2, 3, 16, 16))
def skip_connection_forgotten():
    """A network with a skip path whose layers are made and whose result is never added.

    Reported: https://github.com/state-spaces/s4/pull/30
    """

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.enc = nn.Conv2d(3, 8, 3, padding=1)
            self.down = nn.Conv2d(8, 16, 3, stride=2, padding=1)
            self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
            self.skip = nn.Conv2d(8, 8, 1)
            self.out = nn.Conv2d(8, 1, 3, padding=1)

        def merge(self, u, e):
            return u

        def forward(self, x):
            e = F.relu(self.enc(x))
            u = F.relu(self.up(F.relu(self.down(e))))
            return self.out(self.merge(u, e))

    class Mended(UNet):
        def merge(self, u, e):
            return u + self.skip(e)

    return UNet, Mended


@fault("MV105", "MV102", input_data=[torch.randn(4, 10), torch.randn(4, 10)])
def one_tower_used_for_both():
    """The towers of a two-tower model: the result of the second is never used.

    Reported: https://github.com/grey-eye/talking-heads/issues/37
    """

    class TwoTower(nn.Module):
        def __init__(self):
            super().__init__()
            self.user = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 8))
            self.item = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 8))

        def forward(self, user, item):
            u = self.user(user)
            i = self.item(item)
            return (u * u).sum(-1)

    class Mended(TwoTower):
        def forward(self, user, item):
            u = self.user(user)
            i = self.item(item)
            return (u * i).sum(-1)

    return TwoTower, Mended


@fault("MV105", input_data=[torch.randn(2, 6, 8), torch.ones(2, 6, dtype=torch.bool)])
def mask_not_in_place():
    """``masked_fill`` without its underscore, and without an assignment, masks nothing.

    Reported: https://github.com/facebookresearch/maskrcnn-benchmark/issues/797
    """

    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.score = nn.Linear(8, 1)
            self.out = nn.Linear(8, 2)

        def forward(self, x, mask):
            scores = self.score(x).squeeze(-1)
            scores.masked_fill(~mask, -1e9)
            weights = scores.softmax(-1).unsqueeze(-1)
            return self.out((weights * x).sum(1))

    class Mended(Pool):
        def forward(self, x, mask):
            scores = self.score(x).squeeze(-1)
            scores = scores.masked_fill(~mask, -1e9)
            weights = scores.softmax(-1).unsqueeze(-1)
            return self.out((weights * x).sum(1))

    return Pool, Mended


@fault("MV102", input_size=(2, 10, 8))
def attention_result_not_used():
    """Attention is computed, and the residual adds the input to itself.

    Reported: https://github.com/lucidrains/Mega-pytorch/issues/2
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
            self.norm = nn.LayerNorm(8)
            self.ff = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

        def forward(self, x):
            y, _ = self.attn(x, x, x)
            x = self.norm(x + x)
            return x + self.ff(x)

    class Mended(Block):
        def forward(self, x):
            y, _ = self.attn(x, x, x)
            x = self.norm(x + y)
            return x + self.ff(x)

    return Block, Mended


@fault("MV106", input_data=[torch.randint(0, 20, (2, 7)), torch.ones(2, 7)])
def mask_given_and_not_used():
    """The model takes an attention mask and forgets to hand it on.

    Reported: https://github.com/NVlabs/PWC-Net/issues/110
    """

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(20, 8)
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

        def forward(self, tokens, mask):
            return self.encoder(self.embed(tokens))

    class Mended(Encoder):
        def forward(self, tokens, mask):
            return self.encoder(self.embed(tokens), src_key_padding_mask=mask == 0)

    return Encoder, Mended


@fault("MV101", "MV102", input_size=(2, 3, 8, 8))
def norm_layers_forgotten():
    """Normalisations are made for each convolution, and the forward uses one of them twice.

    Reported: https://github.com/tianzhi0549/FCOS/issues/217
    """

    class Net(nn.Module):
        second = "bn1"

        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(8)
            self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(8)

        def forward(self, x):
            x = F.relu(self.bn1(self.conv1(x)))
            return F.relu(getattr(self, self.second)(self.conv2(x)))

    class Mended(Net):
        second = "bn2"

    return Net, Mended


@fault("MV102", "MV105", input_data=[torch.randn(6, 5), torch.tensor([[0, 1, 2], [1, 2, 3]])])
def messages_computed_and_not_added():
    """A graph layer computes its messages, and returns the nodes without them.

    Reported: https://github.com/nicola-decao/MolGAN/issues/3
    """

    class GraphLayer(nn.Module):
        def __init__(self):
            super().__init__()
            self.own = nn.Linear(5, 4)
            self.message = nn.Linear(5, 4)

        def forward(self, x, edges):
            src, dst = edges
            m = F.relu(self.message(x[src]))
            out = torch.zeros(len(x), 4).index_add(0, dst, m)
            return F.relu(self.own(x))

    class Mended(GraphLayer):
        def forward(self, x, edges):
            src, dst = edges
            m = F.relu(self.message(x[src]))
            out = torch.zeros(len(x), 4).index_add(0, dst, m)
            return F.relu(self.own(x) + out)

    return GraphLayer, Mended
