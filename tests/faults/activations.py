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


@fault("MV501", input_size=(4, 10, 16))
def encoder_without_activation_before_two_heads():
    """The hidden layer of a variational encoder feeds both heads without an activation.

    Reported: https://github.com/lxtGH/dfn_seg/issues/4
    """

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(16, 32)
            self.mean = nn.Linear(32, 8)
            self.log_var = nn.Linear(32, 8)
            self.decode = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 16))

        def encode(self, x):
            return self.hidden(x)

        def forward(self, x):
            h = self.encode(x)
            mean, log_var = self.mean(h), self.log_var(h)
            z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_var)
            return self.decode(z), mean, log_var

    class Mended(VAE):
        def encode(self, x):
            return F.relu(self.hidden(x))

    return VAE, Mended


@fault("MV501", input_size=(4, 12))
def weights_multiplied_in_a_row():
    """Two weight matrices are multiplied after each other, as parameters of a user's own layer.

    Reported: https://github.com/jcjohnson/pytorch-examples/issues/30
    """

    class Own(nn.Module):
        def __init__(self, n, m):
            super().__init__()
            self.weight = nn.Parameter(torch.randn(n, m) / n**0.5)
            self.bias = nn.Parameter(torch.zeros(m))

        def forward(self, x):
            return torch.matmul(x, self.weight) + self.bias

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second, self.third = Own(12, 24), Own(24, 24), Own(24, 3)

        def forward(self, x):
            x = self.second(self.first(x))
            return self.third(torch.relu(x))

    class Mended(Net):
        def forward(self, x):
            x = torch.relu(self.first(x))
            return self.third(torch.relu(self.second(x)))

    return Net, Mended


@fault("MV501", input_size=(2, 3, 16, 16))
def norm_but_no_activation():
    """Convolution, normalisation, convolution: one of the activations was forgotten.

    Reported: https://github.com/proceduralia/pytorch-conv2_1d/issues/2
    """

    class Double(nn.Module):
        def __init__(self, cin, cout, between):
            super().__init__()
            self.conv1 = nn.Conv2d(cin, cout, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(cout)
            self.between = between
            self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(cout)

        def forward(self, x):
            x = self.between(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(x)))

    def net(between):
        return nn.Sequential(
            Double(3, 8, between()),
            nn.MaxPool2d(2),
            Double(8, 16, between()),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(16, 10),
        )

    return lambda: net(nn.Identity), lambda: net(nn.ReLU)


@fault("MV105", input_size=(4, 16))
def activation_called_and_dropped():
    """``F.relu(x)`` on a line of its own changes nothing: its result was not assigned.

    Reported: https://github.com/Cadene/pretrained-models.pytorch/issues/90
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.LayerNorm(16)
            self.fc = nn.Linear(16, 16)
            self.out = nn.Linear(16, 2)

        def forward(self, x):
            x = torch.tanh(self.norm(self.fc(x)))
            x = self.fc(x) + x
            F.relu(x)
            return self.out(x)

    class Mended(Net):
        def forward(self, x):
            x = torch.tanh(self.norm(self.fc(x)))
            x = F.relu(self.fc(x) + x)
            return self.out(x)

    return Net, Mended


@fault("MV202", "MV204", input_size=(4, 8))
def softmax_written_out_over_the_batch():
    """Exponentials divided by their sum over ``dim=0``.

    Reported: https://github.com/ethanfetaya/NRI/issues/25
    """

    class Head(nn.Module):
        dim = 0

        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 5)

        def forward(self, x):
            z = self.fc(x)
            z = z - z.max(dim=-1, keepdim=True).values
            e = torch.exp(z)
            return e / e.sum(dim=self.dim, keepdim=True)

    class Mended(Head):
        dim = -1

    return Head, Mended


@fault("MV203", input_size=(2, 12, 16))
def attention_over_one_feature():
    """Softmax of the scores of attention pooling over the feature of size 1, not over the time.

    Reported: https://github.com/falloutdurham/beginners-pytorch-deep-learning/pull/36
    """

    class Pooling(nn.Module):
        dim = -1

        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(16, 16, batch_first=True)
            self.score = nn.Sequential(nn.Linear(16, 8), nn.Tanh(), nn.Linear(8, 1))
            self.out = nn.Linear(16, 3)

        def forward(self, x):
            h, _ = self.rnn(x)
            weights = torch.softmax(self.score(h), dim=self.dim)
            return self.out((weights * h).sum(dim=1))

    class Mended(Pooling):
        dim = 1

    return Pooling, Mended


@fault("MV502", input_size=(2, 1, 28, 28))
def relu_around_pooling():
    """ReLU before and after max pooling.

    Reported: arXiv 1910.11015 (activation functions: redundant)
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 4, 5)
            self.conv2 = nn.Conv2d(4, 8, 5)
            self.fc = nn.Linear(128, 10)

        def stage(self, x, conv):
            return F.relu(F.max_pool2d(F.relu(conv(x)), 2))

        def forward(self, x):
            x = self.stage(self.stage(x, self.conv1), self.conv2)
            return self.fc(x.view(-1, 128))

    class Mended(Net):
        def stage(self, x, conv):
            return F.relu(F.max_pool2d(conv(x), 2))

    return Net, Mended


@fault("MV501", input_size=(2, 7, 16))
def feed_forward_without_activation():
    """The feed-forward of a transformer block expands and contracts with nothing between.

    Reported: arXiv 1910.11015 (missing activation function)
    """

    class FeedForward(nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(16, 64), nn.Linear(64, 16)
            self.drop = nn.Dropout(0.1)

        def inner(self, x):
            return self.up(x)

        def forward(self, x):
            return self.drop(self.down(self.drop(self.inner(x))))

    class Mended(FeedForward):
        def inner(self, x):
            return F.gelu(self.up(x))

    class Block(nn.Module):
        def __init__(self, ff):
            super().__init__()
            self.attn = nn.MultiheadAttention(16, 4, batch_first=True)
            self.n1, self.n2 = nn.LayerNorm(16), nn.LayerNorm(16)
            self.ff = ff()

        def forward(self, x):
            h = self.n1(x)
            x = x + self.attn(h, h, h, need_weights=False)[0]
            return x + self.ff(self.n2(x))

    return lambda: Block(FeedForward), lambda: Block(Mended)


@fault("MV503", "MV501", input_size=(2, 1, 8, 8))
def autoencoder_of_linear_layers():
    """An autoencoder without any activation is a principal component analysis.

    Reported: https://github.com/divamgupta/image-segmentation-keras/issues/136
    """

    class AE(nn.Module):
        def __init__(self, act):
            super().__init__()
            self.enc = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), act(), nn.Linear(32, 4))
            self.dec = nn.Sequential(nn.Linear(4, 32), act(), nn.Linear(32, 64))

        def forward(self, x):
            return self.dec(self.enc(x)).view_as(x)

    return lambda: AE(nn.Identity), lambda: AE(nn.SELU)


@fault("MV202", input_size=(6, 4))
def softmax_layer_without_dim():
    """Actions of a policy are normalised along the first axis of a batch of observations.

    Reported: https://github.com/perone/euclidesdb/issues/2
    """

    class Policy(nn.Module):
        def __init__(self, dim):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 32), nn.ReLU())
            self.actions = nn.Linear(32, 2)
            self.value = nn.Linear(32, 1)
            self.dim = dim

        def forward(self, obs):
            h = self.body(obs)
            return F.log_softmax(self.actions(h), self.dim), self.value(h)

    return lambda: Policy(0), lambda: Policy(1)
