"""Layers and tensors that the model does not know as its own, or knows too often."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV103", input_size=(4, 16))
def layers_in_a_list():
    """Layers in a Python list: the optimizer does not see them.

    Reported: https://github.com/pytorch/pytorch/issues/59925
    """

    class Net(nn.Module):
        container = list

        def __init__(self):
            super().__init__()
            self.layers = self.container([nn.Linear(16, 16) for _ in range(3)])
            self.out = nn.Linear(16, 2)

        def forward(self, x):
            for layer in self.layers:
                x = F.relu(layer(x))
            return self.out(x)

    class Mended(Net):
        container = nn.ModuleList

    return Net, Mended


@fault("MV103", input_data=[torch.randint(0, 50, (2, 12))])
def kernels_of_text_cnn_in_a_list():
    """The convolutions of a text classifier, one for each width, in a list.

    Reported: https://github.com/pytorch/pytorch/issues/1053
    """

    class TextCNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(50, 16)
            self.convs = [nn.Conv1d(16, 8, k) for k in (3, 4, 5)]
            self.fc = nn.Linear(24, 2)

        def forward(self, tokens):
            x = self.embed(tokens).transpose(1, 2)
            x = [F.relu(conv(x)).max(dim=2)[0] for conv in self.convs]
            return self.fc(torch.cat(x, dim=1))

    class Mended(TextCNN):
        def __init__(self):
            super().__init__()
            self.convs = nn.ModuleList(self.convs)

    return TextCNN, Mended


@fault("MV103", input_size=(4, 8))
def branches_in_a_dict_of_lists():
    """Heads by task, held in a plain dict of lists.

    Reported: https://github.com/pytorch/pytorch/issues/715
    """

    class MultiTask(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = nn.Linear(8, 16)
            self.heads = {
                task: [nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, n)]
                for task, n in (("kind", 4), ("age", 1))
            }

        def forward(self, x):
            x = torch.relu(self.trunk(x))
            results = {}
            for task, layers in self.heads.items():
                y = x
                for layer in layers:
                    y = layer(y)
                results[task] = y
            return results

    class Mended(MultiTask):
        def __init__(self):
            super().__init__()
            self.heads = nn.ModuleDict({t: nn.Sequential(*ls) for t, ls in self.heads.items()})

    return MultiTask, Mended


@fault("MV103", input_size=(4, 8))
def parameters_in_a_list():
    """Weight matrices as ``nn.Parameter`` in a list.

    Reported: https://github.com/kefirski/pytorch_Highway/issues/1
    """

    class Factors(nn.Module):
        def __init__(self):
            super().__init__()
            self.ws = [nn.Parameter(torch.randn(8, 8) / math.sqrt(8)) for _ in range(2)]
            self.out = nn.Linear(8, 3)

        def forward(self, x):
            for w in self.ws:
                x = torch.tanh(x @ w)
            return self.out(x)

    class Mended(Factors):
        def __init__(self):
            super().__init__()
            self.ws = nn.ParameterList(self.ws)

    return Factors, Mended


@fault("MV104", input_size=(2, 10, 16))
def positions_are_no_buffer():
    """The table of positions is a plain attribute: it stays on the CPU.

    Reported: https://github.com/lyuwenyu/RT-DETR/issues/677
    """

    class Positional(nn.Module):
        def __init__(self, dim=16, length=64):
            super().__init__()
            position = torch.arange(length).unsqueeze(1)
            rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
            pe = torch.zeros(length, dim)
            pe[:, 0::2] = torch.sin(position * rate)
            pe[:, 1::2] = torch.cos(position * rate)
            self.keep(pe)

        def keep(self, pe):
            self.pe = pe

        def forward(self, x):
            return x + self.pe[: x.size(1)]

    class MendedPositional(Positional):
        def keep(self, pe):
            self.register_buffer("pe", pe)

    class Encoder(nn.Module):
        positional = Positional

        def __init__(self):
            super().__init__()
            self.pos = self.positional()
            self.layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)

        def forward(self, x):
            return self.layer(self.pos(x))

    class Mended(Encoder):
        positional = MendedPositional

    return Encoder, Mended


@fault("MV107", input_size=(4, 16))
def layer_made_in_forward():
    """The projection is created in the forward, with new weights each time.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(16, 32)

        def forward(self, x):
            x = F.relu(self.fc1(x))
            fc2 = nn.Linear(x.shape[1], 4)
            return fc2(x)

    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(16, 32)
            self.fc2 = nn.Linear(32, 4)

        def forward(self, x):
            return self.fc2(F.relu(self.fc1(x)))

    return Net, Mended


@fault("MV108", input_size=(2, 8, 12, 12))
def one_convolution_four_times():
    """``[layer] * n`` in a ModuleList is one layer, not n.

    Reported: https://github.com/yaoppeng/U-Net_v2/issues/10
    """

    class Fuse(nn.Module):
        def __init__(self, convs):
            super().__init__()
            self.convs = nn.ModuleList(convs)

        def forward(self, x):
            out = 0
            for conv in self.convs:
                out = out + F.relu(conv(x))
            return out

    def conv():
        return nn.Conv2d(8, 8, 3, padding=1)

    return lambda: Fuse([conv()] * 4), lambda: Fuse([conv() for _ in range(4)])


@fault("MV108", input_size=(4, 16))
def residual_stack_of_one_block():
    """A stack of residual blocks made by multiplying a list, unpacked into a Sequential.

    Reported: https://github.com/zalandoresearch/pytorch-vq-vae/issues/2
    """

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = nn.Sequential(nn.ReLU(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 16))

        def forward(self, x):
            return x + self.block(x)

    def stack(blocks):
        return nn.Sequential(*blocks, nn.LayerNorm(16), nn.Linear(16, 1))

    return (
        lambda: stack([Residual()] * 3),
        lambda: stack([Residual() for _ in range(3)]),
    )


@fault("MV103", input_size=(4, 12))
def blocks_in_a_tuple_of_a_child():
    """A child module deep inside holds its experts in a tuple.

    Reported: https://github.com/asyml/texar-pytorch/issues/72
    """

    class Mixture(nn.Module):
        def __init__(self, hold):
            super().__init__()
            self.router = nn.Linear(12, 3)
            self.experts = hold(nn.Linear(12, 12) for _ in range(3))

        def forward(self, x):
            weights = self.router(x).softmax(-1)
            outs = torch.stack([expert(x) for expert in self.experts], dim=1)
            return torch.einsum("ne,ned->nd", weights, outs)

    class Layer(nn.Module):
        def __init__(self, hold):
            super().__init__()
            self.norm = nn.LayerNorm(12)
            self.ff = Mixture(hold)

        def forward(self, x):
            return x + self.ff(self.norm(x))

    def net(hold):
        return nn.Sequential(Layer(hold), nn.Sequential(Layer(hold), nn.LayerNorm(12)))

    return lambda: net(tuple), lambda: net(nn.ModuleList)


@fault("MV103", "MV109", input_size=(4, 8))
def layer_held_by_a_plain_object():
    """The layers are attributes of a class that is no ``nn.Module``.

    Reported: https://github.com/pytorch/pytorch/issues/72580
    """

    class Plain:
        def __init__(self):
            self.fc = nn.Linear(8, 8)

        def __call__(self, x):
            return torch.relu(self.fc(x))

    class Proper(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            return torch.relu(self.fc(x))

    class Net(nn.Module):
        def __init__(self, encoder):
            super().__init__()
            self.encoder = encoder()
            self.head = nn.Linear(8, 2)

        def forward(self, x):
            return self.head(self.encoder(x))

    return lambda: Net(Plain), lambda: Net(Proper)


@fault("MV104", "MV103", input_size=(4, 8))
def weight_is_a_plain_tensor():
    """A weight with ``requires_grad=True`` that is no ``nn.Parameter`` is never trained.

    Reported: https://github.com/pytorch/pytorch/issues/666
    """

    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 8)
            self.scale = self.make(torch.rand(8))

        def make(self, value):
            return value.requires_grad_()

        def forward(self, x):
            return self.scale * torch.tanh(self.fc(x))

    class Mended(Gate):
        def make(self, value):
            return nn.Parameter(value)

    return Gate, Mended


@fault("MV107", input_size=(2, 3, 12, 12))
def norm_made_in_forward():
    """The normalisation is created in the forward, for whatever shape comes.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3, padding=1)

        def forward(self, x):
            x = self.conv(x)
            x = nn.LayerNorm(x.shape[1:])(x)
            return torch.relu(x)

    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3, padding=1)
            self.norm = nn.LayerNorm([6, 12, 12])

        def forward(self, x):
            return torch.relu(self.norm(self.conv(x)))

    return Block, Mended


@fault("MV107", input_size=(4, 8))
def parameter_made_in_forward():
    """A learned query is made anew by each forward.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Query(nn.Module):
        def __init__(self):
            super().__init__()
            self.key = nn.Linear(8, 8)

        def forward(self, x):
            query = nn.Parameter(torch.randn(8))
            return self.key(x) * query

    class Mended(nn.Module):
        def __init__(self):
            super().__init__()
            self.key = nn.Linear(8, 8)
            self.query = nn.Parameter(torch.randn(8))

        def forward(self, x):
            return self.key(x) * self.query

    return Query, Mended


@fault("MV108", input_data=[torch.randint(0, 30, (2, 9))])
def transformer_layers_are_one():
    """The layers of a small language model are the same object.

    Reported: https://github.com/linkedin/Liger-Kernel/pull/269
    """

    class LM(nn.Module):
        def __init__(self, layers):
            super().__init__()
            self.embed = nn.Embedding(30, 16)
            self.layers = nn.ModuleList(layers)
            self.head = nn.Linear(16, 30)

        def forward(self, tokens):
            x = self.embed(tokens)
            for layer in self.layers:
                x = layer(x)
            return self.head(x)

    def layer():
        return nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)

    def faulty():
        one = layer()
        return LM([one for _ in range(3)])

    return faulty, lambda: LM([layer() for _ in range(3)])


@fault("MV103", input_size=(2, 3, 16, 16))
def layers_appended_to_a_list_in_a_loop():
    """Convolutions and their norms are appended to lists, and zipped in the forward.

    Reported: https://github.com/pytorch/pytorch/issues/38639
    """

    class Net(nn.Module):
        def __init__(self, done):
            super().__init__()
            convs, norms, width = [], [], 3
            for out in (8, 16):
                convs.append(nn.Conv2d(width, out, 3, padding=1, bias=False))
                norms.append(nn.BatchNorm2d(out))
                width = out
            self.convs, self.norms = done(convs), done(norms)
            self.fc = nn.Linear(16, 5)

        def forward(self, x):
            for conv, norm in zip(self.convs, self.norms, strict=True):
                x = F.relu(norm(conv(x)))
            return self.fc(x.mean((-2, -1)))

    return lambda: Net(list), lambda: Net(nn.ModuleList)


@fault("MV103", input_size=(3, 6))
def layers_kept_in_closures():
    """Branches are lambdas that hold their layers.

    Reported: https://github.com/dotnet/TorchSharp/issues/532
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Linear(6, 6)
            a, b = nn.Linear(6, 2), nn.Linear(6, 2)
            self.hold(a, b)
            self.branches = [lambda x: a(x).tanh(), lambda x: b(x).sigmoid()]

        def hold(self, *layers):
            pass

        def forward(self, x):
            x = F.silu(self.stem(x))
            return sum(branch(x) for branch in self.branches)

    class Mended(Net):
        def hold(self, *layers):
            self.held = nn.ModuleList(layers)

    return Net, Mended


@fault("MV104", input_size=(2, 4, 8))
def mask_in_a_dict():
    """A causal mask is kept in a dict of tensors by length.

    Reported: https://github.com/OpenNMT/OpenNMT-py/pull/240
    """

    class Attend(nn.Module):
        def __init__(self):
            super().__init__()
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)
            self.masks = {"causal": torch.triu(torch.full((4, 4), float("-inf")), 1)}

        def mask(self):
            return self.masks["causal"]

        def forward(self, x):
            return self.attn(x, x, x, attn_mask=self.mask(), need_weights=False)[0]

    class Mended(Attend):
        def __init__(self):
            super().__init__()
            self.register_buffer("causal", self.masks.pop("causal"), persistent=False)

        def mask(self):
            return self.causal

    return Attend, Mended
