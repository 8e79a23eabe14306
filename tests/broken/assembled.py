"""Models put together from parts, as they stand in repositories and notebooks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .corpus import JUNOBENCH, Made, broken

_LOSS = "http://www.kouhan.cn/en/article/00050409"


def conv_block(inp: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inp, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU())


@broken(r"in_features=128\b", at="head")
def pooled_to_more_than_one_place() -> Made:
    """Adaptive pooling to 2×2 gives four times the channels."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer1 = conv_block(3, 16)
            self.layer2 = conv_block(16, 32)
            self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
            self.head = nn.Linear(32, 10)

        def extract(self, x: Tensor) -> Tensor:
            x = F.max_pool2d(self.layer1(x), 2)
            return torch.flatten(self.avgpool(self.layer2(x)), 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.extract(x))  # fails

    return Net(), torch.randn(2, 3, 16, 16)


@broken(r"in_features=112\b|\[:, -1", at="fc")
def all_steps_into_a_layer_for_one() -> Made:
    """The output of all steps is flattened."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(5, 16, batch_first=True)
            self.fc = nn.Linear(16, 1)

        def forward(self, x: Tensor) -> Tensor:
            out, _ = self.rnn(x)
            out = out.reshape(out.size(0), -1)
            return self.fc(out)  # fails

    return Net(), torch.randn(4, 7, 5)


@broken(r"\b32\b.*|MultiheadAttention\(32", at="encoder.layers.0.self_attn")
def embedding_wider_than_the_transformer() -> Made:
    """Two settings for one width."""

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(40, 32)
            layer = nn.TransformerEncoderLayer(d_model=16, nhead=4, dim_feedforward=32)
            self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

        def forward(self, ids: Tensor) -> Tensor:
            x = self.embed(ids).transpose(0, 1)
            return self.encoder(x).mean(0)  # fails

    return Classifier(), torch.randint(0, 40, (3, 6))


@broken(r"tuple|\[0\]", at="decoder.0", like=JUNOBENCH)
def mean_and_variance_given_to_the_decoder() -> Made:
    """The encoder of a VAE gives two tensors."""

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mu = nn.Linear(12, 3)
            self.logvar = nn.Linear(12, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return self.mu(x), self.logvar(x)

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = Encoder()
            self.decoder = nn.Sequential(nn.Linear(3, 12), nn.Sigmoid())

        def forward(self, x: Tensor) -> Tensor:
            z = self.encoder(x)
            return self.decoder(z)  # fails

    return VAE(), torch.randn(2, 12)


@broken(r"unsqueeze\(1\)", at="")
def mask_without_its_channel() -> Made:
    """Logits of one channel, a mask without."""

    class Segment(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unet = nn.Sequential(conv_block(3, 4), nn.Conv2d(4, 1, 1))

        def loss(self, logits: Tensor, mask: Tensor) -> Tensor:
            return F.binary_cross_entropy_with_logits(logits, mask)  # fails

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return self.loss(self.unet(x), mask)

    return Segment(), torch.randn(2, 3, 8, 8), torch.zeros(2, 8, 8)


@broken(r"movedim\(-1, 1\)|permute\(0, 3, 1, 2\)", at="")
def classes_last_in_a_picture() -> Made:
    """A linear head on each place gives the classes last."""

    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = conv_block(3, 6)
            self.head = nn.Linear(6, 4)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            f = self.backbone(x).permute(0, 2, 3, 1)
            return F.cross_entropy(self.head(f), y)  # fails

    return Dense(), torch.randn(2, 3, 5, 7), torch.zeros(2, 5, 7, dtype=torch.long)


@broken(r"\.float\(\)|float32", at="projection", like=JUNOBENCH)
def basis_from_numpy_as_a_buffer() -> Made:
    """A matrix of NumPy is float64, in a model of float32."""

    class Projection(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("basis", torch.from_numpy(np.eye(6, 3)))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.basis  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 6)
            self.projection = Projection()

        def forward(self, x: Tensor) -> Tensor:
            return self.projection(self.fc(x))

    return Net(), torch.randn(2, 4)


@broken(r"leave out|takes 1 argument", at="layers", like=JUNOBENCH)
def sequential_with_two_inputs() -> Made:
    """``Sequential`` passes one thing on."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return self.layers(x, mask)  # fails

    return Net(), torch.randn(2, 4), torch.ones(2)


@broken(r"classifier|correct the name|keys\(\)", at="", like=JUNOBENCH)
def head_that_is_not_in_the_dict() -> Made:
    """A key of a ``ModuleDict`` is misspelt."""

    class Multi(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleDict(
                {"classifier": nn.Linear(4, 2), "regressor": nn.Linear(4, 1)}
            )

        def forward(self, x: Tensor) -> Tensor:
            return self.heads["clasifier"](x)  # fails

    return Multi(), torch.randn(2, 4)


@broken(r"index|\[n - 1\]|length", at="", like=JUNOBENCH)
def one_layer_too_many_in_a_loop() -> Made:
    """``range(4)`` over three layers."""

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = nn.ModuleList(nn.Conv1d(4, 4, 3, padding=1) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            for i in range(4):
                x = self.convs[i](x).relu()  # fails
            return x

    return Deep(), torch.randn(1, 4, 9)


@broken(r"padding=2|padding", at="tcn.0")
def temporal_convolution_that_shortens() -> Made:
    """A dilated convolution of a sequence, added to the sequence."""

    class Temporal(nn.Module):
        def __init__(self, channels: int, dilation: int) -> None:
            super().__init__()
            self.conv = nn.Conv1d(channels, channels, 5, dilation=dilation)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.conv(x)) + x  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tcn = nn.Sequential(Temporal(6, 1), Temporal(6, 2))

        def forward(self, x: Tensor) -> Tensor:
            return self.tcn(x)

    return Net(), torch.randn(2, 6, 20)


@broken(r"BatchNorm1d\((num_features=)?24\)", at="mlp.4")
def perceptron_with_an_old_normalisation() -> Made:
    """The hidden width was changed in one of three places."""
    mlp = nn.Sequential(
        nn.Linear(10, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 24), nn.BatchNorm1d(32)
    )

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mlp = mlp

        def forward(self, x: Tensor) -> Tensor:
            return self.mlp(x)  # fails

    return Net(), torch.randn(5, 10)


@broken(r"LayerNorm\(\[6, 10, 10\]\)|\[6, 10, 10\]", at="ln")
def layer_norm_of_another_picture() -> Made:
    """The normalised shape holds the size of the picture."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 3, padding=1)
            self.ln = nn.LayerNorm([6, 8, 8])

        def forward(self, x: Tensor) -> Tensor:
            return self.ln(self.conv(x))  # fails

    return Net(), torch.randn(2, 3, 10, 10)


@broken(r"write features|features", at="", like=JUNOBENCH)
def variable_misspelt() -> Made:
    """A name that was never given a value."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            features = self.fc(x)  # noqa: F841
            return torch.relu(feature)  # noqa: F821  # fails

    return Net(), torch.randn(1, 3)


@broken(r"on every way|also where", at="", like=JUNOBENCH)
def value_given_in_one_branch() -> Made:
    """Assigned only if there is a mask."""

    class Net(nn.Module):
        def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
            if mask is not None:
                y = x * mask
            return y.sum()  # fails

    return Net(), torch.randn(1, 3)


@broken(r"in_features=(20|12 ?\+ ?8)\b", at="fuse.0")
def fused_features_into_an_old_layer() -> Made:
    """A third source of features was added to two."""

    class Fuse(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.text = nn.Linear(6, 12)
            self.image = nn.Linear(9, 8)
            self.fuse = nn.Sequential(nn.Linear(16, 4), nn.ReLU())

        def forward(self, text: Tensor, image: Tensor) -> Tensor:
            both = torch.cat([self.text(text), self.image(image)], dim=-1)
            return self.fuse(F.dropout(both, training=self.training))  # fails

    return Fuse(), torch.randn(3, 6), torch.randn(3, 9)


@broken(r"in_channels=8\b|8 channels|weight", at="")
def own_filters_of_another_depth() -> Made:
    """Filters as a parameter, and ``F.conv2d``."""

    class Filters(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.expand = nn.Conv2d(3, 8, 1)
            self.kernel = nn.Parameter(torch.randn(4, 3, 3, 3))

        def forward(self, x: Tensor) -> Tensor:
            return F.conv2d(self.expand(x), self.kernel, padding=1)  # fails

    return Filters(), torch.randn(1, 3, 6, 6)


@broken(r"\(3, 10\)|10\b", at="cell")
def cell_with_a_state_of_another_batch() -> Made:
    """The state was made for one sample."""

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(4, 10)

        def forward(self, steps: Tensor) -> Tensor:
            h = torch.zeros(1, 10)
            for step in steps.unbind(1):
                h = self.cell(step, h)  # fails
            return h

    return Loop(), torch.randn(3, 5, 4)


@broken(r"\[:, None|mask\[:, None, None, :\]|unsqueeze\(1\)", at="attn")
def mask_of_tokens_for_the_fused_attention() -> Made:
    """``scaled_dot_product_attention`` has a dimension of heads."""

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(8, 24)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            b, t, _ = x.shape
            q, k, v = self.qkv(x).reshape(b, t, 3, 2, 4).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # fails
            return y.transpose(1, 2).reshape(b, t, 8)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attn = Attention()

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return self.attn(x, mask)

    return Net(), torch.randn(3, 5, 8), torch.ones(3, 5, dtype=torch.bool)


@broken(r"divisible|multiple|make the products equal|patch", at="patchify")
def picture_that_patches_do_not_cover() -> Made:
    """Thirty pixels in patches of eight."""

    class Patchify(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            b, c, h, w = x.shape
            x = x.reshape(b, c, h // 8, 8, w // 8, 8)  # fails
            return x.permute(0, 2, 4, 1, 3, 5).flatten(3)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patchify = Patchify()

        def forward(self, x: Tensor) -> Tensor:
            return self.patchify(x)

    return Net(), torch.randn(2, 3, 30, 30)


@broken(r"unsqueeze\(-1\)|same number of dimensions|unsqueeze", at="", like=JUNOBENCH)
def gather_with_flat_indices() -> Made:
    """``gather`` wants as many dimensions as the tensor has."""

    class Q(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(4, 2)

        def forward(self, state: Tensor, action: Tensor) -> Tensor:
            return self.net(state).gather(1, action)  # fails

    return Q(), torch.randn(3, 4), torch.tensor([0, 1, 1])


@broken(r"unsqueeze\(0\)|batch|bilinear", at="up")
def upsampling_without_a_batch() -> Made:
    """One picture into a bilinear upsampling."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.Upsample(scale_factor=2, mode="bilinear")

        def forward(self, x: Tensor) -> Tensor:
            return self.up(x)  # fails

    return Net(), torch.randn(3, 8, 8)


@broken(r"\.half\(\)|\.float\(\)|float16|float32", at="features.0", like=JUNOBENCH)
def half_precision_pictures() -> Made:
    """The pictures were converted, and the model was not."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = conv_block(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.features(x)  # fails

    return Net(), torch.randn(1, 3, 6, 6).half()


@broken(r"unwrap|\['|key|dict", at="head", like=JUNOBENCH)
def dict_of_features_fed_on() -> Made:
    """The backbone gives its features by name."""

    class Backbone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> dict[str, Any]:
            return {"last": self.body(x), "input": x}

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = Backbone()
            self.head = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.backbone(x))  # fails

    return Net(), torch.randn(2, 4)


@broken(r"\b5 outputs|outputs", at="", like=_LOSS)
def regression_of_another_width() -> Made:
    """Five targets, three outputs."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 3)
            self.mse = nn.MSELoss()

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return F.smooth_l1_loss(self.fc(x), y)  # fails

    return Net(), torch.randn(4, 8), torch.randn(4, 5)


@broken(r"self\b", at="", like=JUNOBENCH)
def self_forgotten() -> Made:
    """A method without ``self``."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def activate(x: Tensor) -> Tensor:
            return torch.relu(x)

        def forward(self, x: Tensor) -> Tensor:
            return self.activate(self.fc(x))  # fails

    return Net(), torch.randn(2, 4)


@broken(r"transpose|\.T\b|\.mT", at="")
def similarity_of_all_pairs() -> Made:
    """Contrastive learning multiplies one batch with the other, transposed."""

    class Contrastive(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(6, 8)
            self.b = nn.Linear(5, 8)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            u, v = F.normalize(self.a(x), dim=-1), F.normalize(self.b(y), dim=-1)
            return torch.matmul(u, v)  # fails

    return Contrastive(), torch.randn(4, 6), torch.randn(4, 5)


@broken(r"in_channels=3\b", at="conv1")
def flattened_too_early() -> Made:
    """Colour pictures, in a layer for grey ones of a network of another data set."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(1, 32, 3, 1)
            self.conv2 = nn.Conv2d(32, 64, 3, 1)
            self.fc1 = nn.Linear(9216, 128)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv1(x))  # fails
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            return self.fc1(torch.flatten(x, 1))

    return Net(), torch.randn(4, 3, 28, 28)


@broken(r"contiguous|reshape", at="shuffle")
def channel_shuffle_by_view() -> Made:
    """Groups of channels are transposed and viewed."""

    class Shuffle(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            b, c, h, w = x.size()
            x = x.view(b, 2, c // 2, h, w).transpose(1, 2)
            return x.view(b, -1, h, w)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 1)
            self.shuffle = Shuffle()

        def forward(self, x: Tensor) -> Tensor:
            return self.shuffle(self.conv(x))

    return Net(), torch.randn(1, 3, 4, 4)


@broken(r"detach\(\)|clone\(\)|out of place|no_grad|register_buffer", at="", like=JUNOBENCH)
def running_mean_as_a_parameter() -> Made:
    """A moving average is a parameter, and is updated in place."""

    class Ema(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mean = nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            self.mean.mul_(0.9).add_(x.mean(0), alpha=0.1)  # fails
            return x - self.mean

    return Ema(), torch.randn(3, 4)
