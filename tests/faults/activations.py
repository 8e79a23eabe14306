"""Activations that are missing, doubled or of the wrong kind."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV501", "MV503", input_size=(4, 20))
def no_activation_in_mlp():
    """Linear layers in a row, with dropout between them and no activation.

    Reported: https://github.com/YujiaBao/ls/issues/1
    """

    class MLP(nn.Module):
        def __init__(self, activation):
            super().__init__()
            layers = []
            for a, b in ((20, 64), (64, 64)):
                layers += [nn.Linear(a, b), activation(), nn.Dropout(0.1)]
            self.layers = nn.Sequential(*layers, nn.Linear(64, 3))

        def forward(self, x):
            return self.layers(x)

    return lambda: MLP(nn.Identity), lambda: MLP(nn.ReLU)


@fault("MV501", input_size=(2, 1, 12, 12))
def no_activation_in_classifier_head():
    """The convolutions have activations, the fully connected layers none.

    Reported: https://github.com/Nota-NetsPresso/netspresso-trainer/issues/320
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4)
            )
            self.fc1 = nn.Linear(128, 64)
            self.fc2 = nn.Linear(64, 10)

        def forward(self, x):
            x = self.features(x).flatten(1)
            x = self.fc1(x)
            x = self.fc2(x)
            return x

    class Mended(Net):
        def forward(self, x):
            x = self.features(x).flatten(1)
            x = F.relu(self.fc1(x))
            return self.fc2(x)

    return Net, Mended


@fault("MV501", "MV503", input_size=(2, 3, 16, 16))
def no_activation_between_convolutions():
    """The block makes a ReLU and its forward never calls it.

    Reported: https://github.com/DengPingFan/PraNet/issues/16
    """

    class Block(nn.Module):
        def __init__(self, inp, out):
            super().__init__()
            self.conv = nn.Conv2d(inp, out, 3, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(out)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            x = self.conv(x)
            x = self.bn(x)
            return x

    class MendedBlock(Block):
        def forward(self, x):
            return self.relu(self.bn(self.conv(x)))

    def net(block):
        return nn.Sequential(
            block(3, 8), block(8, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
        )

    return lambda: net(Block), lambda: net(MendedBlock)


@fault("MV502", input_size=(4, 16))
def relu_twice():
    """A block ends in a ReLU, and its caller applies another.

    Reported: arXiv 1910.11015 (activation functions: redundant)
    """

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(16, 16)
            self.act = nn.ReLU()

        def forward(self, x):
            return self.act(self.lin(x))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.b1, self.b2 = Block(), Block()
            self.out = nn.Linear(16, 2)

        def forward(self, x):
            x = F.relu(self.b1(x))
            x = F.relu(self.b2(x))
            return self.out(x)

    class Mended(Net):
        def forward(self, x):
            return self.out(self.b2(self.b1(x)))

    return Net, Mended


@fault("MV502", input_size=(4, 16))
def softmax_twice():
    """The head returns probabilities, and ``forward`` takes the softmax of them again.

    Reported: https://github.com/ariecattan/SciCo/issues/2
    """

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(16, 32), nn.GELU())
            self.head = nn.Sequential(nn.Linear(32, 6), nn.Softmax(dim=-1))

        def forward(self, x):
            scores = self.head(self.encoder(x))
            return scores.softmax(dim=-1)

    class Mended(Classifier):
        def forward(self, x):
            return self.head(self.encoder(x))

    return Classifier, Mended


@fault("MV502", input_size=(4, 16))
def sigmoid_of_relu():
    """A binary classifier applies ReLU to its only output before the sigmoid.

    Reported: https://github.com/hunkim/PyTorchZeroToAll/pull/4
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.l1 = nn.Linear(16, 8)
            self.l2 = nn.Linear(8, 1)

        def forward(self, x):
            x = torch.relu(self.l1(x))
            x = torch.relu(self.l2(x))
            return torch.sigmoid(x)

    class Mended(Net):
        def forward(self, x):
            return torch.sigmoid(self.l2(torch.relu(self.l1(x))))

    return Net, Mended


@fault("MV203", input_size=(4, 16))
def softmax_of_one_output():
    """Softmax over the single output of a binary classifier: always 1.

    Reported: arXiv 1910.11015 (wrong type of activation function)
    """

    class Binary(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(16, 32)
            self.out = nn.Linear(32, 1)

        def forward(self, x):
            return F.softmax(self.out(F.relu(self.fc(x))), dim=1)

    class Mended(Binary):
        def forward(self, x):
            return torch.sigmoid(self.out(F.relu(self.fc(x))))

    return Binary, Mended


@fault("MV202", input_size=(4, 8))
def softmax_over_the_batch():
    """``Softmax(dim=0)`` at the end of a network for batches.

    Reported: https://github.com/DeepReinforcementLearning/DeepReinforcementLearningInAction/issues/32
    """

    def net(dim):
        return nn.Sequential(
            nn.Linear(8, 32), nn.LeakyReLU(), nn.Linear(32, 2), nn.Softmax(dim=dim)
        )

    return lambda: net(0), lambda: net(-1)


@fault("MV202", "MV204", input_size=(3, 10, 16))
def softmax_without_dim_over_three_dimensions():
    """``softmax(dim=-2)`` after a view to (time, batch, mixtures) is over the batch.

    Reported: https://github.com/ctallec/world-models/issues/10
    """

    class Mixture(nn.Module):
        dim = -2

        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(16, 12)
            self.weights = nn.Linear(12, 5)

        def forward(self, x):
            states, _ = self.rnn(x.transpose(0, 1))
            logits = self.weights(states)
            return F.log_softmax(logits, dim=self.dim).transpose(0, 1)

    class Mended(Mixture):
        dim = -1

    return Mixture, Mended
