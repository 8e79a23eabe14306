"""What goes into a loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV401", input_size=(3, 8))
def entropy_of_a_policy():
    """Entropy as ``-(p * p.log()).sum()`` of a softmax.

    Reported: https://github.com/pytorch/pytorch/issues/1620
    """

    class Actor(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))

        def logs(self, z, p):
            return p.log()

        def forward(self, x):
            z = self.net(x)
            p = z.softmax(-1)
            return p, -(p * self.logs(z, p)).sum(-1)

    class Mended(Actor):
        def logs(self, z, p):
            return F.log_softmax(z, -1)

    return Actor, Mended


@fault("MV401", input_size=(3, 8))
def logarithm_of_a_layer_of_softmax():
    """``torch.log(self.softmax(x) + 1e-10)``, for a loss of log-probabilities.

    Reported: https://github.com/skorch-dev/skorch/issues/481
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.softmax = nn.Linear(8, 4), nn.Softmax(dim=1)

        def out(self, z):
            return torch.log(self.softmax(z) + 1e-10)

        def forward(self, x):
            return self.out(self.fc(F.relu(x)))

    class Mended(Net):
        def out(self, z):
            return z - z.logsumexp(1, keepdim=True)

    return Net, Mended


@fault("MV402", input_size=(3, 8), loss=nn.CrossEntropyLoss(label_smoothing=0.1))
def probabilities_of_an_ensemble():
    """The mean of the members' probabilities goes into cross entropy.

    Reported: https://github.com/bowang-lab/Transformer-GCN-QA/pull/32
    """

    class Ensemble(nn.Module):
        def __init__(self):
            super().__init__()
            self.members = nn.ModuleList(
                nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)) for _ in range(2)
            )

        def out(self, z):
            return z.softmax(-1)

        def forward(self, x):
            return torch.stack([self.out(m(x)) for m in self.members]).mean(0)

    class Mended(Ensemble):
        def out(self, z):
            return z

    return Ensemble, Mended


@fault("MV402", input_size=(3, 8), loss=F.binary_cross_entropy_with_logits)
def sigmoid_for_a_multi_label_loss():
    """A tagger of many labels ends in a sigmoid, its loss is that on logits, as a function.

    Reported: https://github.com/cvg/glue-factory/issues/89
    """

    class Tagger(nn.Module):
        def __init__(self, act=torch.sigmoid):
            super().__init__()
            self.fc, self.act = nn.Linear(8, 5), act

        def forward(self, x):
            return self.act(self.fc(F.gelu(x)))

    return Tagger, lambda: Tagger(lambda z: z)


@fault("MV402", input_size=(3, 8), loss=nn.MultiLabelSoftMarginLoss())
def sigmoid_before_the_soft_margin():
    """``MultiLabelSoftMarginLoss`` applies the sigmoid itself.

    Reported: https://github.com/yudi-mars/daisyRec/pull/15
    """

    def net(*last):
        return nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 5), *last)

    return (lambda: net(nn.Sigmoid())), net


@fault("MV402", input_data=[torch.randn(3, 8), torch.randint(0, 4, (3,))])
def own_loss_on_what_was_normalised():
    """Softmax, then ``F.cross_entropy``; mended, that of a teacher is the target, as it may be.

    Reported: https://github.com/DSKSD/DeepNLP-models-Pytorch/issues/2
    """

    class Distil(nn.Module):
        def __init__(self):
            super().__init__()
            self.student = nn.Linear(8, 4)
            self.teacher = nn.Sequential(
                nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4)
            ).requires_grad_(False)

        def give(self, z):
            return F.softmax(z, dim=1)

        def forward(self, x, y):
            z = self.give(self.student(x))
            with torch.no_grad():
                soft = F.softmax(self.teacher(x) / 2, dim=1)
            soft = F.kl_div(F.log_softmax(z / 2, 1), soft, reduction="batchmean") + F.cross_entropy(
                z, soft
            )
            return F.cross_entropy(z, y) + soft

    class Mended(Distil):
        def give(self, z):
            return z

    return Distil, Mended


@fault("MV402", input_data=[torch.randn(3, 1, 8, 8), torch.rand(3, 1, 8, 8).round()])
def focal_loss_on_probabilities():
    """A focal loss takes logits inside, and gets the sigmoid of them.

    Reported: https://github.com/itakurah/focal-loss-pytorch/pull/5
    """

    class Focal(nn.Module):
        def forward(self, z, y):
            ce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
            return (ce * (1 - torch.exp(-ce)) ** 2).mean()

    class Seg(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.loss = (
                nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1)),
                Focal(),
            )

        def out(self, z):
            return z.sigmoid()

        def forward(self, x, y):
            return self.loss(self.out(self.net(x)), y)

    class Mended(Seg):
        def out(self, z):
            return z

    return Seg, Mended


@fault("MV406", "MV402", input_size=(3, 8), loss=nn.NLLLoss())
def logits_for_a_loss_of_logarithms():
    """A recurrent classifier gives logits, and is trained with ``NLLLoss``.

    Reported: https://github.com/yanx27/Pointnet_Pointnet2_pytorch/issues/30
    """

    class Net(nn.Module):
        def __init__(self, last):
            super().__init__()
            self.rnn, self.fc, self.last = nn.RNN(1, 6, batch_first=True), nn.Linear(6, 3), last

        def forward(self, x):
            _, h = self.rnn(x.unsqueeze(-1))
            return self.last(self.fc(h.squeeze(0)))

    return (lambda: Net(nn.Identity())), (lambda: Net(nn.LogSoftmax(-1)))


@fault("MV406", "MV402", input_data=[torch.randn(3, 8), torch.rand(3, 2).round()])
def bce_of_what_a_layer_gives():
    """``F.binary_cross_entropy`` in the forward, on what the last layer gives; mended, clamped.

    Reported: https://github.com/pytorch/pytorch/issues/1939
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(8, 12), nn.LeakyReLU(), nn.Linear(12, 2))

        def p(self, z):
            return z

        def forward(self, x, y):
            return F.binary_cross_entropy(self.p(self.net(x)).clamp(0, 1), y)

    class Mended(Net):
        def p(self, z):
            return torch.sigmoid(z)

    return Net, Mended


@fault("MV406", input_size=(3, 8), loss=nn.KLDivLoss(reduction="batchmean"))
def features_into_kl():
    """``KLDivLoss`` takes log-probabilities, and gets what a layer gives.

    Reported: https://github.com/pytorch/pytorch/issues/10033
    """

    def net(*last):
        return nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 5), *last)

    return net, (lambda: net(nn.LogSoftmax(dim=1)))


@fault("MV401", input_size=(2, 8))
def log_of_stacked_softmax():
    """A mixture's log-likelihood: log of softmax weights, then added to log densities.

    Reported: https://github.com/pytorch/pytorch/issues/1620
    """

    class Mdn(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.pi, self.mu = (
                nn.Sequential(nn.Linear(8, 16), nn.Tanh()),
                nn.Linear(16, 3),
                nn.Linear(16, 3),
            )

        def logpi(self, z):
            return torch.log(F.softmax(z, dim=-1))

        def forward(self, x):
            h = self.net(x)
            return torch.logsumexp(self.logpi(self.pi(h)) - 0.5 * self.mu(h) ** 2, -1)

    class Mended(Mdn):
        def logpi(self, z):
            return F.log_softmax(z, dim=-1)

    return Mdn, Mended


@fault("MV402", input_size=(2, 3, 8, 8), loss="cross_entropy")
def probabilities_upsampled():
    """Softmax, then bilinear upsampling, then cross entropy.

    Reported: https://github.com/speedinghzl/Pytorch-Deeplab/issues/2
    """

    class Seg(nn.Module):
        def __init__(self, act):
            super().__init__()
            self.net, self.act = (
                nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 4, 1)),
                act,
            )

        def forward(self, x):
            return F.interpolate(self.act(self.net(x)), scale_factor=2, mode="bilinear")

    return (lambda: Seg(nn.Softmax(1))), (lambda: Seg(nn.Identity()))


@fault("MV402", input_size=(2, 8), loss=nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)))
def product_of_towers_squashed():
    """A two-tower score is squashed by ``torch.special.expit``.

    Reported: https://github.com/yudi-mars/daisyRec/pull/15
    """

    class Towers(nn.Module):
        def __init__(self, end):
            super().__init__()
            self.a, self.b, self.end = nn.Linear(4, 6), nn.Linear(4, 6), end

        def forward(self, x):
            a, b = x.split(4, 1)
            return self.end((self.a(a) * self.b(b)).sum(-1))

    return (lambda: Towers(torch.special.expit)), (lambda: Towers(torch.clone))
