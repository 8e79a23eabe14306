"""Products of matrices, and sums of products by subscripts."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import PYTEA, Made, broken


@broken(r"self\.weight\.(T|t\(\)|transpose)|\[20, 12\]", at="layer", like=PYTEA)
def own_linear_layer_not_transposed() -> Made:
    """A weight of (out, in), multiplied as if it were (in, out)."""

    class MyLinear(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(out, inp))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.matmul(x, self.weight)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = MyLinear(20, 12)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)

    return Net(), torch.randn(4, 20)


@broken(r"'d'.*(8.*6|6.*8)", at="", like=PYTEA)
def einsum_over_unequal_sizes() -> Made:
    """Queries are wider than keys."""

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(10, 8)
            self.k = nn.Linear(10, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.einsum("bqd,bkd->bqk", self.q(x), self.k(x))  # fails

    return Scores(), torch.randn(2, 5, 10)


@broken(r"unsqueeze\(1\)", at="", like=PYTEA)
def batched_product_of_plain_matrices() -> Made:
    """``bmm`` takes three dimensions."""

    class Pool(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(8, 5)

        def forward(self, x: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
            weights = self.score(x).softmax(-1)
            return torch.bmm(weights, values)  # fails

    return Pool(), torch.randn(4, 8), torch.randn(4, 5, 3)


@broken(r"4 dimensions|names 3", at="mix", like=PYTEA)
def einsum_with_a_letter_too_few() -> Made:
    """The heads have no letter."""

    class Mix(nn.Module):
        def forward(self, a: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            return torch.einsum("bij,bjd->bid", a, v)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = Mix()

        def forward(self, a: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            return self.mix(a.softmax(-1), v)

    return Net(), torch.randn(2, 3, 5, 5), torch.randn(2, 3, 5, 4)


@broken(r"let k give 32 features", at="", like=PYTEA)
def queries_wider_than_keys() -> Made:
    """Scores of two layers that give different numbers of features."""

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(32, 32)
            self.k = nn.Linear(32, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.q(x) @ self.k(x).transpose(1, 2)  # fails

    return Scores(), torch.randn(2, 12, 32)


@broken(r"k\.transpose\(-1, -2\)\.repeat_interleave\(4, 1\)", at="", like=PYTEA)
def fewer_heads_of_keys() -> Made:
    """Each head of the keys is for four of the queries."""

    class Grouped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(32, 32)
            self.k = nn.Linear(32, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            q = self.q(x).view(2, 10, 8, 4).transpose(1, 2)
            k = self.k(x).view(2, 10, 2, 4).transpose(1, 2)
            return q @ k.transpose(-1, -2)  # fails

    return Grouped(), torch.randn(2, 10, 32)


@broken(r"in_features=20", at="", like=PYTEA)
def layers_in_a_plain_list() -> Made:
    """The weights of a layer that the model does not know."""

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(10, 20), nn.Linear(10, 5)]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = layer(x)  # fails
            return x

    return Plain(), torch.randn(2, 10)


@broken(r"swap the two: a @ self\.fc\(x\)", at="", like=PYTEA)
def neighbours_multiplied_from_the_right() -> Made:
    """A table of neighbours stands before what it adds up."""

    class Graphs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
            return self.fc(x) @ a  # fails

    return Graphs(), torch.randn(10, 4), torch.rand(10, 10)


@broken(r"as many columns: 64 .* and 8", at="", like=PYTEA)
def distances_to_a_narrower_codebook() -> Made:
    """Vectors are compared with those of a table of another width."""

    class Codebook(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.codes = nn.Embedding(32, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cdist(x, self.codes.weight).argmin(1)  # fails

    return Codebook(), torch.randn(2, 64)
