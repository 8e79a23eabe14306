"""Outputs that do not fit the loss they go into."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV402", input_size=(4, 20), loss=nn.CrossEntropyLoss())
def softmax_before_cross_entropy():
    """A classifier ends in a softmax and is trained with cross entropy.

    Reported: https://github.com/bowang-lab/Transformer-GCN-QA/pull/32
    """

    def faulty():
        return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5), nn.Softmax(dim=1))

    def mended():
        return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 5))

    return faulty, mended


@fault("MV402", input_size=(2, 3, 16, 16), loss="cross_entropy")
def functional_softmax_before_cross_entropy():
    """A network for images returns probabilities from its forward.

    Reported: https://github.com/jindongwang/Deep-learning-activity-recognition/issues/10
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
            self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
            self.fc = nn.Linear(16, 10)

        def logits(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.relu(self.conv2(x))
            return self.fc(x.mean(dim=(2, 3)))

        def forward(self, x):
            return F.softmax(self.logits(x), dim=-1)

    class Mended(Net):
        def forward(self, x):
            return self.logits(x)

    return Net, Mended


@fault("MV402", input_size=(4, 10), loss=nn.BCEWithLogitsLoss)
def sigmoid_before_logits_loss():
    """Sigmoid at the end, and a loss that applies it again: no score is below one half.

    Reported: https://github.com/cvg/glue-factory/issues/89
    """

    class Confidence(nn.Module):
        def __init__(self, *end):
            super().__init__()
            self.token = nn.Sequential(nn.Linear(10, 16), nn.GELU(), nn.Linear(16, 1), *end)

        def forward(self, x):
            return self.token(x).squeeze(-1)

    return lambda: Confidence(nn.Sigmoid()), Confidence


@fault("MV402", input_data=[torch.randn(4, 12), torch.rand(4).round()])
def sigmoid_inside_the_models_loss():
    """The model computes its own loss, and hands it probabilities.

    Reported: https://github.com/itakurah/focal-loss-pytorch/pull/5
    """

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(12, 24)
            self.head = nn.Linear(24, 1)
            self.criterion = nn.BCEWithLogitsLoss()

        def score(self, x):
            return self.head(torch.tanh(self.body(x)))[:, 0]

        def forward(self, x, target):
            prediction = torch.sigmoid(self.score(x))
            return self.criterion(prediction, target)

    class Mended(Detector):
        def forward(self, x, target):
            return self.criterion(self.score(x), target)

    return Detector, Mended


@fault("MV402", "MV401", input_size=(4, 16), loss=F.nll_loss)
def softmax_before_nll():
    """Probabilities go into a loss of log-probabilities, which is then negative.

    Reported: https://github.com/AnubhavGupta3377/Text-Classification-Models-Pytorch/issues/9
    """

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(16, 16)
            self.out = nn.Linear(16, 7)
            self.normalise = nn.Softmax(dim=1)

        def forward(self, x):
            return self.normalise(self.out(F.relu(self.hidden(x))))

    class Mended(Tagger):
        def __init__(self):
            super().__init__()
            self.normalise = nn.LogSoftmax(dim=1)

    return Tagger, Mended


@fault("MV402", "MV406", input_size=(4, 16), loss=nn.NLLLoss())
def logits_into_nll():
    """Nothing takes the logarithm of probabilities before a loss that expects it.

    Reported: https://github.com/yanx27/Pointnet_Pointnet2_pytorch/issues/30
    """

    def faulty():
        return nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4))

    def mended():
        return nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 4), nn.LogSoftmax(-1))

    return faulty, mended


@fault("MV402", input_size=(4, 16), loss=nn.CrossEntropyLoss())
def relu_on_the_logits():
    """The last layer's logits go through a ReLU: no class can get a negative score.

    Reported: https://github.com/huyng/tensorflow-vgg/issues/13
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(16, 64)
            self.fc2 = nn.Linear(64, 10)

        def forward(self, x):
            x = F.relu(self.fc1(x))
            return F.relu(self.fc2(x))

    class Mended(Net):
        def forward(self, x):
            return self.fc2(F.relu(self.fc1(x)))

    return Net, Mended


@fault("MV401", input_size=(4, 8))
def log_of_softmax():
    """``torch.log`` of a softmax, which is minus infinity for unlikely classes.

    Reported: https://github.com/pytorch/pytorch/issues/1620
    """

    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 3))

        def forward(self, state):
            probs = torch.softmax(self.net(state), dim=-1)
            return torch.log(probs)

    class Mended(Policy):
        def forward(self, state):
            return torch.log_softmax(self.net(state), dim=-1)

    return Policy, Mended


@fault("MV402", input_size=(2, 3, 16, 16), loss="CrossEntropyLoss")
def sigmoid_for_many_classes():
    """A segmentation network for many classes ends in a sigmoid, and is trained with softmax loss.

    Reported: https://github.com/speedinghzl/Pytorch-Deeplab/issues/2
    """

    class Segment(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.Conv2d(3, 8, 3, stride=2, padding=1)
            self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
            self.classify = nn.Conv2d(8, 6, 1)

        def decode(self, x):
            return self.classify(F.relu(self.up(F.relu(self.down(x)))))

        def forward(self, x):
            return {"out": self.decode(x).sigmoid()}

    class Mended(Segment):
        def forward(self, x):
            return {"out": self.decode(x)}

    return Segment, Mended


@fault("MV402", input_size=(4, 8, 10), loss=nn.CrossEntropyLoss(label_smoothing=0.1))
def log_softmax_before_cross_entropy():
    """A recurrent classifier ends in log_softmax, and the loss takes it once more.

    Reported: https://github.com/rasbt/machine-learning-book/issues/37
    """

    class RNN(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(10, 16, batch_first=True)
            self.fc = nn.Linear(16, 4)
            self.softmax = nn.LogSoftmax(dim=1)

        def forward(self, x):
            out, _ = self.rnn(x)
            return self.softmax(self.fc(out[:, -1, :]))

    class Mended(RNN):
        def __init__(self):
            super().__init__()
            self.softmax = nn.Identity()

    return RNN, Mended


@fault("MV402", input_size=(4, 8), loss=nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)))
def sigmoid_written_out():
    """The sigmoid before a loss on logits is written out with ``exp``.

    Reported: https://github.com/yudi-mars/daisyRec/pull/15
    """

    class Scorer(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1))

        def forward(self, x):
            return 1 / (1 + torch.exp(-self.net(x)))

    class Mended(Scorer):
        def forward(self, x):
            return self.net(x)

    return Scorer, Mended


@fault("MV402", input_size=(4, 8), loss=nn.CrossEntropyLoss())
def softmax_picked_apart():
    """The model gives probabilities clamped away from 0 and 1 to a loss on logits.

    Reported: https://github.com/danielkelshaw/ConcreteDropout/issues/11
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(8, 16)
            self.head = nn.Linear(16, 3)

        def forward(self, x):
            p = F.softmax(self.head(F.elu(self.body(x))), dim=1)
            return torch.clamp(p, 1e-6, 1 - 1e-6)

    class Mended(Net):
        def forward(self, x):
            return self.head(F.elu(self.body(x)))

    return Net, Mended


@fault("MV402", "MV406", input_size=(4, 8), loss=nn.KLDivLoss(reduction="batchmean"))
def probabilities_into_kl():
    """``kl_div`` takes log-probabilities, and gets probabilities.

    Reported: https://github.com/pytorch/pytorch/issues/10033
    """

    class Student(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 5))

        def forward(self, x):
            return F.softmax(self.net(x) / 2.0, dim=-1)

    class Mended(Student):
        def forward(self, x):
            return F.log_softmax(self.net(x) / 2.0, dim=-1)

    return Student, Mended


@fault("MV203", input_size=(4, 8), loss=nn.CrossEntropyLoss())
def cross_entropy_of_one_output():
    """A binary classifier with one output is trained with cross entropy: its loss is always 0.

    Reported: arXiv 1910.11015 (loss function: wrong)
    """

    def net(outputs):
        return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, outputs))

    return lambda: net(1), lambda: net(2)


@fault("MV402", "MV401", input_size=(4, 8))
def log_of_sigmoid():
    """``log(sigmoid(x))`` in a discriminator is minus infinity for sure negatives.

    Reported: https://github.com/skorch-dev/skorch/issues/481
    """

    class Discriminator(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

        def forward(self, x):
            return torch.log(torch.sigmoid(self.net(x)))

    class Mended(Discriminator):
        def forward(self, x):
            return F.logsigmoid(self.net(x))

    return Discriminator, Mended


@fault("MV402", input_size=(4, 8), loss=nn.CrossEntropyLoss())
def tanh_on_the_logits():
    """Logits between -1 and 1 cannot make a probability large.

    Reported: arXiv 1910.11015 (wrong type of activation function)
    """

    def net(*end):
        layers = [nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 10)]
        return nn.Sequential(*layers, *end)

    return lambda: net(nn.Tanh()), net


class _LabelSmoothing(nn.CrossEntropyLoss):
    """A loss of the user's own, made from that of PyTorch."""

    def forward(self, input, target):
        return super().forward(input / 0.9, target)


@fault("MV402", input_size=(2, 12, 10), loss=_LabelSmoothing())
def probabilities_of_each_step_into_own_loss():
    """A tagger gives probabilities for each step, turned to (N, C, T) for a loss on logits.

    Reported: https://github.com/IBM/dstc-noesis/issues/18
    """

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.LSTM(10, 8, bidirectional=True, batch_first=True)
            self.tags = nn.Linear(16, 6)

        def forward(self, x):
            states, _ = self.encoder(x)
            return self.tags(states).softmax(2).permute(0, 2, 1)

    class Mended(Tagger):
        def forward(self, x):
            states, _ = self.encoder(x)
            return self.tags(states).permute(0, 2, 1)

    return Tagger, Mended


@fault("MV402", input_size=(4, 9), loss=lambda output, target: output.mean())
def loss_that_says_nothing():
    """A model whose own criterion is cross entropy, on what a softmax layer gives.

    Reported: https://github.com/DSKSD/DeepNLP-models-Pytorch/issues/2
    """

    class WithLoss(nn.Module):
        def __init__(self, *end):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(9, 12), nn.Mish(), nn.Linear(12, 3), *end)
            self.criterion = nn.CrossEntropyLoss(reduction="none")

        def forward(self, x):
            y = self.net(x)
            return self.criterion(y, torch.zeros(len(x), dtype=torch.long))

    return lambda: WithLoss(nn.Softmax(-1)), WithLoss


@fault("MV406", "MV402", input_size=(4, 9), loss=nn.BCELoss())
def no_sigmoid_before_bce():
    """A binary classifier gives logits to a loss of probabilities.

    Reported: https://github.com/pytorch/pytorch/issues/1939
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(9, 9), nn.Linear(9, 1)

        def forward(self, x):
            return self.b(F.leaky_relu(self.a(x))).view(-1)

    class Mended(Net):
        def forward(self, x):
            return torch.sigmoid(super().forward(x))

    return Net, Mended
