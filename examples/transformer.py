"""An encoder-decoder Transformer: one sequence is read whole, another is written token by token.

Both sides share one table of embeddings. The decoder attends to its own past (`causal`) and, in
every layer, to all that the encoder read.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import modelviz


class Attention(nn.Module):
    """Multi-head attention: each position of `x` gathers what it needs from `memory`."""

    def __init__(self, width: int, heads: int, causal: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """(batch, length, width), and a memory of any length, to (batch, length, width)."""
        query = self._split(self.query(x))
        key, value = self._split(self.key(memory)), self._split(self.value(memory))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """(batch, length, width) to (batch, heads, length, width / heads)."""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class FeedForward(nn.Sequential):
    """Two linear layers, applied to each position alone."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))


class EncoderLayer(nn.Module):
    """Attention among the source positions, then a feed-forward network."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, width) to the same."""
        y = self.attention_norm(x)
        x = x + self.attention(y, y)
        return x + self.feed_forward(self.feed_forward_norm(x))


class DecoderLayer(nn.Module):
    """Attention to the past, attention to the encoder's memory, a feed-forward network."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal=True)
        self.cross_norm = nn.LayerNorm(width)
        self.cross_attention = Attention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.feed_forward = FeedForward(width, 4 * width)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """(batch, length, width) and the encoder's memory to (batch, length, width)."""
        y = self.attention_norm(x)
        x = x + self.attention(y, y)
        x = x + self.cross_attention(self.cross_norm(x), memory)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Transformer(nn.Module):
    """Scores of each next target token, given the source and the target so far."""

    def __init__(
        self,
        vocabulary: int = 1000,
        width: int = 128,
        heads: int = 4,
        layers: int = 4,
        max_length: int = 64,
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(max_length, width)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.decoder = nn.ModuleList(DecoderLayer(width, heads) for _ in range(layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """(batch, n) and (batch, m) token ids to (batch, m, vocabulary) scores."""
        memory = self._embed(source)
        for layer in self.encoder:
            memory = layer(memory)
        memory = self.encoder_norm(memory)

        x = self._embed(target)
        for layer in self.decoder:
            x = layer(x, memory)
        return self.head(self.decoder_norm(x))

    def _embed(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.tokens(ids) + self.positions(places)


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it: a source of 20 tokens, a target of 12."""
    return Transformer(), (torch.randint(1000, (2, 20)), torch.randint(1000, (2, 12)))


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "transformer.svg"))
