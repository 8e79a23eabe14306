"""An LSTM tagger: reads a sentence in both directions and names the part of speech of each word."""

import torch
from torch import Tensor, nn

import modelviz


class LSTMTagger(nn.Module):
    """Scores of each tag for each word."""

    def __init__(
        self, vocabulary: int = 2000, width: int = 64, hidden: int = 128, tags: int = 17
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.dropout = nn.Dropout(0.2)
        self.lstm = nn.LSTM(width, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.tagger = nn.Linear(2 * hidden, tags)

    def forward(self, sentences: Tensor) -> Tensor:
        """(batch, length) word ids to (batch, length, tags) scores."""
        x = self.dropout(self.words(sentences))
        # The LSTM also returns its last states, which a tagger has no use for.
        x, _ = self.lstm(x)
        return self.tagger(self.dropout(x))


def example() -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The model, and inputs that fit it: 16 sentences of 24 words."""
    return LSTMTagger(), (torch.randint(2000, (16, 24)),)


if __name__ == "__main__":
    model, inputs = example()
    graph = modelviz.trace(model, input_data=inputs)
    modelviz.summary(graph)
    print(modelviz.export(graph, "lstm_tagger.svg"))
