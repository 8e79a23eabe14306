"""Names, arguments, results and types."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .corpus import JUNOBENCH, Made, broken


@broken(r"\[0\]|tuple", at="net.1", like=JUNOBENCH)
def lstm_in_a_sequential() -> Made:
    """A recurrence in a ``Sequential`` hands its pair on."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.GRU(5, 8, batch_first=True), nn.Linear(8, 2))

        def forward(self, x):
            return self.net(x)  # fails

    return Net(), torch.randn(2, 4, 5)


@broken(r"batch_first|\[?\(?1, 3, 8", at="lstm")
def state_with_time_first() -> Made:
    """A state for the batch first, in a layer for the length first."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(5, 8)

        def forward(self, x):
            h0 = x.new_zeros(1, x.size(0), 8)
            out, _ = self.lstm(x, (h0, torch.zeros_like(h0)))  # fails
            return out[:, -1]

    return Net(), torch.randn(3, 4, 5)


@broken(r"LSTM\(12, 6", at="rnn")
def one_hot_wider_than_the_recurrence() -> Made:
    """More letters than the recurrence was made for."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = (
                nn.LSTM(input_size=10, hidden_size=6, batch_first=True),
                nn.Linear(6, 12),
            )

        def forward(self, ids):
            x = F.one_hot(ids, 12).float()
            out, _ = self.rnn(x)  # fails
            return self.fc(out)

    return Net(), torch.randint(0, 12, (2, 5))


@broken(r"out, \(h, c\)", at="", like=JUNOBENCH)
def lstm_state_unpacked_flat() -> Made:
    """The states are a pair."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(6, 4, batch_first=True)

        def forward(self, x):
            out, h, c = self.lstm(x)  # fails
            return out, h[-1], c

    return Net(), torch.randn(2, 3, 6)


@broken(r"out_features=4\b|4 classes|at least 4", at="", like=JUNOBENCH)
def a_class_beyond_the_outputs() -> Made:
    """Four classes, three outputs."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(4, 3)

        def forward(self, x, y):
            logits = self.net(x)
            return F.cross_entropy(logits, y)  # fails

    return Net(), torch.randn(4, 4), torch.tensor([0, 3, 2, 1])


@broken(r"self\.features returns nothing", at="fc", like=JUNOBENCH)
def helper_without_return() -> Made:
    """A method forgets its ``return``."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(144, 2)

        def features(self, x):
            x = F.relu(self.conv(x))
            x = x.flatten(1)

        def forward(self, x):
            x = self.features(x)
            return self.fc(x)  # fails

    return Net(), torch.randn(2, 1, 8, 8)


@broken(r"None", at="", like=JUNOBENCH)
def dropout_that_is_none() -> Made:
    """No dropout was made, and it is called."""

    class Net(nn.Module):
        def __init__(self, p=0.0):
            super().__init__()
            self.fc = nn.Linear(4, 4)
            self.drop = nn.Dropout(p) if p else None

        def forward(self, x):
            x = self.fc(x)
            return self.drop(x)  # fails

    return Net(), torch.randn(2, 4)


@broken(r"edge_index|1 argument|missing|pass", at="conv2", like=JUNOBENCH)
def second_argument_not_passed_on() -> Made:
    """The second layer needs the edges, too."""

    class Conv(nn.Module):
        def __init__(self, i, o):
            super().__init__()
            self.fc = nn.Linear(i, o)

        def forward(self, x, edge_index):
            return self.fc(x) + x.new_zeros(1).index_select(0, edge_index[0, :1] * 0)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = Conv(4, 4), Conv(4, 2)

        def forward(self, x, edge_index):
            x = self.conv1(x, edge_index)
            x = F.relu(x)
            return self.conv2(x)  # fails

    return Net(), torch.randn(3, 4), torch.tensor([[0, 1], [1, 2]])


@broken(r"write mask in place", at="block", like=JUNOBENCH)
def keyword_misspelt() -> Made:
    """Two letters of a keyword are swapped."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 6)

        def forward(self, x, mask=None):
            return self.fc(x) if mask is None else self.fc(x) * mask

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()

        def forward(self, x):
            return self.block(x, msak=None)  # fails

    return Net(), torch.randn(3, 6)


@broken(r"\bint|whole number|//|round", at="", like=JUNOBENCH)
def split_by_a_float() -> Made:
    """Half of the width is a float."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)

        def forward(self, x):
            h = self.fc(x)
            half = h.shape[1] / 2
            return h[:, :half]  # fails

    return Net(), torch.randn(2, 8)


@broken(r"from 0 to 3", at="", like=JUNOBENCH)
def step_beyond_the_end() -> Made:
    """One step more than there are."""

    class Net(nn.Module):
        def __init__(self, steps=5):
            super().__init__()
            self.fc, self.steps = nn.Linear(3, 2), steps

        def forward(self, x):
            outs = []
            for t in range(self.steps):
                outs.append(self.fc(x[:, t]))  # fails
            return torch.stack(outs, 1)

    return Net(), torch.randn(2, 4, 3)


@broken(r"self\.", at="", like=JUNOBENCH)
def layer_without_self() -> Made:
    """``self.`` was left out."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(6, 4), nn.Linear(4, 2)

        def forward(self, x):
            x = F.relu(self.fc1(x))
            return fc2(x)  # noqa: F821  # fails

    return Net(), torch.randn(2, 6)


@broken(r"\.size\(|\.shape\[|callable|call", at="", like=JUNOBENCH)
def size_as_an_attribute() -> Made:
    """``size`` is a method."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x):
            b = x.size[0]  # fails
            return self.fc(x).view(b, -1)

    return Net(), torch.randn(2, 6)


@broken(r"nn\.ReLU\(\)|F\.relu|instance|brackets", at="fc2", like=JUNOBENCH)
def relu_class_in_a_loop() -> Made:
    """The class was kept, not a layer."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc2, self.act = nn.Linear(6, 4), nn.Linear(4, 2), nn.ReLU

        def forward(self, x):
            x = self.act(self.fc1(x))
            return self.fc2(x)  # fails

    return Net(), torch.randn(2, 6)


@broken(r"\[0\]|, _|tuple", at="", like=JUNOBENCH)
def residual_of_a_tuple() -> Made:
    """Attention gives its weights as well."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attn = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x):
            return x + self.attn(x, x, x)  # fails

    return Net(), torch.randn(2, 5, 8)


@broken(r"is_causal|attn_mask|one of", at="", like=JUNOBENCH)
def fused_attention_with_both_masks() -> Made:
    """A mask, and ``is_causal`` beside it."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(8, 24)

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, -1)
            mask = torch.zeros(5, 5)
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=True)  # fails

    return Net(), torch.randn(2, 5, 8)


@broken(r"\.long\(\)", at="", like=JUNOBENCH)
def float_indices_for_gather() -> Made:
    """Actions were stored as floats."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 3)

        def forward(self, obs, action):
            return self.q(obs).gather(1, action)  # fails

    return Net(), torch.randn(5, 4), torch.zeros(5, 1)


@broken(r"requires_grad|detach|clone|in.place|out of place", at="", like=JUNOBENCH)
def first_state_written_in_place() -> Made:
    """A memory that is a parameter is written step by step."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.state, self.fc = nn.Parameter(torch.zeros(3, 4)), nn.Linear(4, 4)

        def forward(self, x):
            for t in range(3):
                self.state[t] = self.fc(x[:, t]).mean(0)  # fails
            return self.state.sum(0)

    return Net(), torch.randn(2, 3, 4)


@broken(r"detach\(\)", at="", like=JUNOBENCH)
def numpy_of_what_needs_a_gradient() -> Made:
    """NumPy knows no gradients."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 2)

        def forward(self, x):
            h = self.fc(x)
            with torch.enable_grad():
                return torch.from_numpy(self.fc(x).numpy()) + h  # fails

    return Net(), torch.randn(2, 4)


@broken(r"\.long\(\)|\bint64\b", at="emb", like=JUNOBENCH)
def categories_from_a_float_table() -> Made:
    """Categories stand in a table of floats."""

    class Tab(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emb, self.fc = nn.Embedding(10, 4), nn.Linear(4 + 2, 1)

        def forward(self, x):
            cat, num = x[:, 0], x[:, 1:]
            e = self.emb(cat)  # fails
            return self.fc(torch.cat([e, num], 1))

    return Tab(), torch.tensor([[1.0, 0.5, 0.2], [3.0, 0.1, 0.9]])


@broken(r"\.float\(\)|float32", at="fc", like=JUNOBENCH)
def one_hot_not_converted() -> Made:
    """``one_hot`` gives whole numbers."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 2)

        def forward(self, ids):
            x = F.one_hot(ids, num_classes=6)
            return self.fc(x)  # fails

    return Net(), torch.randint(0, 6, (3,))


@broken(r"device=", at="", device="cuda", like=JUNOBENCH)
def positions_by_arange_on_the_cpu() -> Made:
    """Positions are counted in the forward, on the CPU."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tok, self.pos = nn.Embedding(9, 6), nn.Embedding(16, 6)

        def forward(self, ids):
            p = torch.arange(ids.size(1)).float().unsqueeze(-1)
            return self.tok(ids) + p  # fails

    return Net(), torch.randint(0, 9, (2, 5))


@broken(r"device=", at="pos", device="cuda", like=JUNOBENCH)
def indices_on_the_cpu() -> Made:
    """Indices are counted in the forward, on the CPU."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tok, self.pos = nn.Embedding(9, 6), nn.Embedding(16, 6)

        def forward(self, ids):
            p = torch.arange(ids.size(1))
            return self.tok(ids) + self.pos(p)  # fails

    return Net(), torch.randint(0, 9, (2, 5))


@broken(r"register_buffer", at="", device="cuda", like=JUNOBENCH)
def mask_kept_as_an_attribute() -> Made:
    """A mask is a plain attribute."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.mask = nn.Linear(6, 6), torch.ones(6)

        def forward(self, x):
            return self.fc(x) * self.mask  # fails

    return Net(), torch.randn(2, 6)


@broken(r"device=", at="lstm", device="cuda", like=JUNOBENCH)
def first_states_on_the_cpu() -> Made:
    """A first state is made without the device."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(6, 4, batch_first=True)

        def forward(self, x):
            h = torch.zeros(1, x.size(0), 4)
            out, _ = self.lstm(x, (h, h))  # fails
            return out

    return Net(), torch.randn(2, 3, 6)


@broken(r"calls itself without an end", at="")
def a_method_that_calls_itself() -> Made:
    """The forward calls itself in place of its layer."""

    class Net(nn.Module):
        def forward(self, x):
            return self.forward(x) + 1  # fails

    return Net(), torch.randn(2, 6)


@broken(r"sizes with which it is not 0", at="")
def a_divisor_of_nothing() -> Made:
    """A size is divided by one less than the batch."""

    class Net(nn.Module):
        def forward(self, x):
            return x * (x.shape[1] // (x.shape[0] - 1))  # fails

    return Net(), torch.randn(1, 6)


@broken(r"pip install nowhere_to_be_found", at="")
def a_package_that_is_not_there() -> Made:
    """The forward imports what is not installed."""

    class Net(nn.Module):
        def forward(self, x):
            import nowhere_to_be_found  # fails

            return nowhere_to_be_found.ops(x)

    return Net(), torch.randn(1, 6)
