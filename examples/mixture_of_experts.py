"""A mixture of experts: a router sends each token to the two experts that score highest.

The model holds eight experts and runs two of them on any one token, so the parameters that are
active for a token are far fewer than those that are stored. Which tokens an expert gets depends
on their values; shapes alone cannot tell, so modelviz runs this forward for real and says so.
"""

import torch
from torch import Tensor, nn

import modelviz


class Expert(nn.Sequential):
    """A feed-forward network of its own weights."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class MixtureOfExperts(nn.Module):
    """The weighted sum of the `top_k` experts that the router chooses for each token."""

    def __init__(self, width: int, hidden: int, experts: int, top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        self.router = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(Expert(width, hidden) for _ in range(experts))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, width) to the same."""
        tokens = x.flatten(0, 1)  # (batch * length, width)
        scores, chosen = self.router(tokens).topk(self.top_k, dim=-1)
        weights = scores.softmax(dim=-1)

        mixed = torch.zeros_like(tokens)
        for number, expert in enumerate(self.experts):
            token, rank = torch.where(chosen == number)
            answer = expert(tokens[token]) * weights[token, rank, None]
            mixed.index_add_(0, token, answer)
        return mixed.view_as(x)


class Layer(nn.Module):
    """Attention among the tokens, then the experts, each added to what came in."""

    def __init__(self, width: int, heads: int, experts: int, top_k: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.experts_norm = nn.LayerNorm(width)
        self.experts = MixtureOfExperts(width, 4 * width, experts, top_k)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, width) to the same."""
        y = self.attention_norm(x)
        y, _ = self.attention(y, y, y, need_weights=False)
        x = x + y
        return x + self.experts(self.experts_norm(x))


class MoETransformer(nn.Module):
    """A small Transformer classifier of texts whose feed-forward networks are experts."""

    def __init__(
        self,
        vocabulary: int = 1000,
        width: int = 64,
        heads: int = 4,
        layers: int = 2,
        experts: int = 8,
        top_k: int = 2,
        classes: int = 4,
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.layers = nn.Sequential(
            *(Layer(width, heads, experts, top_k) for _ in range(layers)),
        )
        self.classifier = nn.Linear(width, classes)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, length) token ids to (batch, classes) scores."""
        x = self.layers(self.tokens(ids))
        return self.classifier(x.mean(dim=1))


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it."""
    return MoETransformer(), (torch.randint(1000, (4, 32)),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "mixture_of_experts.svg"))
