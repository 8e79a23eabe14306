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


@broken(r"tuple|\[0\]", at="net.1", like=JUNOBENCH)
def lstm_in_a_sequential() -> Made:
    """What comes after an LSTM in a ``Sequential`` gets a tuple."""
    net = nn.Sequential(nn.LSTM(6, 12, batch_first=True), nn.Dropout(0.2), nn.Linear(12, 1))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)  # fails

    return Model(), torch.randn(2, 4, 6)


@broken(r"unsqueeze\(0\)|add the batch", at="lstm", like=PYTEA)
def one_sequence_with_states_of_a_batch() -> Made:
    """The sequence has no batch, the states have."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = 16
            self.lstm = nn.LSTM(3, 16, batch_first=True)

        def init_hidden(self, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
            return torch.zeros(1, batch, self.hidden), torch.zeros(1, batch, self.hidden)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out, _ = self.lstm(x, self.init_hidden(1))  # fails
            return out

    return Net(), torch.randn(20, 3)


@broken(r"batch_first=True", at="gru", like=PYTEA)
def batch_first_forgotten() -> Made:
    """State and sequence agree only if the batch comes first."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(5, 7)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h0 = torch.zeros(1, x.size(0), 7)
            out, h = self.gru(x, h0)  # fails
            return h.squeeze(0) + out.mean(1)

    return Net(), torch.randn(6, 11, 5)


@broken(r"flatten\(2\)\.transpose\(1, 2\)|permute\(0, 3, 1, 2\)|flatten\(2\)", at="rnn", like=PYTEA)
def features_of_pictures_into_a_recurrent_layer() -> Made:
    """A CRNN has to make the columns a sequence."""

    class CRNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cnn = nn.Conv2d(1, 32, 3, stride=(2, 1), padding=1)
            self.rnn = nn.LSTM(32, 16, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            f = self.cnn(x)
            y, _ = self.rnn(f)  # fails
            return y

    return CRNN(), torch.randn(2, 1, 16, 20)


@broken(r"\(h0?, c0?\)|both of its states|tuple", at="decoder", like=JUNOBENCH)
def only_one_state_given_to_an_lstm() -> Made:
    """The context of an encoder as the state of the decoder."""

    class Seq2Seq(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.GRU(4, 8, batch_first=True)
            self.decoder = nn.LSTM(4, 8, batch_first=True)

        def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            _, context = self.encoder(source)
            output, _ = self.decoder(target, context)  # fails
            return output

    return Seq2Seq(), torch.randn(3, 5, 4), torch.randn(3, 6, 4)


@broken(r"as a pair: \(h, c\)", at="cell", like=PYTEA)
def one_state_for_an_lstm_cell() -> Made:
    """An LSTM has two states."""

    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LSTMCell(8, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = torch.zeros(2, 16)
            h, _ = self.cell(x, h)  # fails
            return h

    return Steps(), torch.randn(2, 8)
