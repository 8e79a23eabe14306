"""Branches joined over the samples, masks that come late, and states kept with their history."""

from __future__ import annotations

import torch
from torch import nn

from .registry import fault


@fault("MV210", input_size=(3, 12))
def towers_joined_over_the_samples():
    """``torch.cat`` without ``dim`` puts the features of two towers below one another.

    Reported: arXiv 1910.11015 (tensors and inputs: wrong shape)
    """

    class Towers(nn.Module):
        dim = 0
        width = 16

        def __init__(self):
            super().__init__()
            self.deep = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 16))
            self.wide = nn.Linear(12, 16)
            self.head = nn.Linear(self.width, 3)

        def forward(self, x):
            return self.head(torch.cat((self.deep(x), self.wide(x)), dim=self.dim).relu())

    class Mended(Towers):
        dim = 1
        width = 32

    return Towers, Mended


@fault("MV210", input_size=[(4, 3, 8, 8), (4, 6)])
def two_inputs_joined_over_the_samples():
    """What was seen and what was read are joined as if they were other samples.

    Reported: arXiv 1910.11015 (tensors and inputs: wrong shape)
    """

    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.image = nn.Conv2d(3, 8, 3)
            self.table = nn.Linear(6, 8)
            self.head = nn.Linear(8, 2)

        def forward(self, image, table):
            seen = self.image(image).relu().mean((2, 3))
            return self.head(torch.vstack([seen, self.table(table).relu()]))

    class Mended(Both):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(16, 2)

        def forward(self, image, table):
            seen = self.image(image).relu().mean((2, 3))
            return self.head(torch.hstack([seen, self.table(table).relu()]))

    return Both, Mended


def _attention(late):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(16, 48)
            self.drop = nn.Dropout(0.1)
            self.register_buffer("mask", torch.tril(torch.ones(32, 32)).view(1, 1, 32, 32))

        def forward(self, x):
            batch, steps, _ = x.shape
            q, k, v = self.qkv(x).view(batch, steps, 3, 2, 8).permute(2, 0, 3, 1, 4)
            scores = q @ k.transpose(-2, -1) / 8**0.5
            mask = self.mask[:, :, :steps, :steps]
            if late:
                weights = self.drop(torch.softmax(scores, -1)) * mask
            else:
                weights = self.drop(torch.softmax(scores.masked_fill(mask == 0, -1e9), -1))
            return (weights @ v).transpose(1, 2).reshape(batch, steps, -1)

    return Attention


@fault("MV409", input_size=(2, 7, 16))
def weights_multiplied_by_a_causal_mask():
    """What comes later is multiplied by zero after the softmax, in which it took part.

    Reported: arXiv 1910.11015 (layers: wrong)
    """
    return _attention(True), _attention(False)


@fault("MV409", input_data=[torch.rand(2, 6, 8), torch.rand(2, 6) > 0.3])
def padding_taken_out_after_the_softmax():
    """Padding is filled with zeros in the weights, and not in the scores.

    Reported: arXiv 1910.11015 (layers: wrong)
    """

    class Pooling(nn.Module):
        def __init__(self):
            super().__init__()
            self.query = nn.Linear(8, 8)
            self.key = nn.Linear(8, 8)

        def forward(self, x, valid):
            scores = torch.einsum("bqd,bkd->bqk", self.query(x), self.key(x)) / 8**0.5
            return self.weights(scores, ~valid[:, None]) @ x

        def weights(self, scores, padding):
            return scores.softmax(-1).masked_fill(padding, 0.0)

    class Mended(Pooling):
        def weights(self, scores, padding):
            return scores.masked_fill(padding, -1e9).softmax(-1)

    return Pooling, Mended


@fault("MV308", input_size=(5, 2, 4))
def hidden_state_with_its_history():
    """The hidden state of one window of a sequence goes into the next one, never detached.

    Reported: arXiv 1910.11015 (training: wrong management of state)
    """

    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(4, 6)
            self.head = nn.Linear(6, 2)
            self.hidden = None

        def forward(self, x):
            y, self.hidden = self.rnn(x, self.hidden)
            return self.head(y)

    class Mended(Windows):
        def forward(self, x):
            y, hidden = self.rnn(x, self.hidden)
            self.hidden = tuple(state.detach() for state in hidden)
            return self.head(y)

    return Windows, Mended


@fault("MV308", input_size=(3, 6))
def memory_with_its_history():
    """A memory of what was seen is a buffer that grows by one graph at each call.

    Reported: arXiv 1910.11015 (training: wrong management of state)
    """

    class Remembering(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode = nn.Linear(6, 4)
            self.head = nn.Linear(8, 2)
            self.register_buffer("memory", None, persistent=False)

        def forward(self, x):
            y = torch.tanh(self.encode(x))
            before = torch.zeros_like(y) if self.memory is None else self.memory
            self.memory = self.kept(0.9 * before + 0.1 * y)
            return self.head(torch.cat([y, before], 1))

        def kept(self, memory):
            return memory

    class Mended(Remembering):
        def kept(self, memory):
            return memory.detach()

    return Remembering, Mended
