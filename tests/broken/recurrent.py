"""Recurrent layers: what they take and what they give."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import JUNOBENCH, PYTEA, Made, broken


@broken(r"tuple.*(_ =|\[0\])", at="fc", like=JUNOBENCH)
def output_and_state_fed_on() -> Made:
    """An LSTM gives its output and its state."""

    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(10, 20, batch_first=True)
            self.fc = nn.Linear(20, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.lstm(x)
            return self.fc(x)  # fails

    return Tagger(), torch.randn(3, 7, 10)


@broken(r"in_features=64\b", at="fc", like=PYTEA)
def both_directions_forgotten() -> Made:
    """A bidirectional layer gives twice the hidden size."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(50, 16)
            self.rnn = nn.GRU(16, 32, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(32, 2)

        def forward(self, text: torch.Tensor) -> torch.Tensor:
            output, _ = self.rnn(self.embedding(text))
            return self.fc(output[:, -1])  # fails

    return Net(), torch.randint(0, 50, (4, 9))


@broken(r"LSTM\((input_size=)?12\b|input_size=12", at="rnn.lstm", like=PYTEA)
def another_number_of_features() -> Made:
    """Twelve columns in the table, ten in the layer."""

    class Recurrent(nn.Module):
        def __init__(self, features: int) -> None:
            super().__init__()
            self.lstm = nn.LSTM(features, 8, num_layers=2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            _, (h, _) = self.lstm(x)  # fails
            return h[-1]

    class Forecast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = Recurrent(10)
            self.head = nn.Linear(8, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.rnn(x))

    return Forecast(), torch.randn(4, 30, 12)


@broken(r"\(?2, 4, 16\)?", at="lstm", like=PYTEA)
def state_with_the_batch_first() -> Made:
    """``batch_first`` is for the sequence, not for the state."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(8, 16, num_layers=2, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h0 = torch.zeros(x.size(0), 2, 16)
            c0 = torch.zeros(x.size(0), 2, 16)
            out, _ = self.lstm(x, (h0, c0))  # fails
            return out[:, -1]

    return Net(), torch.randn(4, 5, 8)
