"""Channels and sizes that convolutions do not take."""

from __future__ import annotations

import torch
from torch import nn

from .corpus import PYTEA, Made, broken

_CHANNELS = "https://duoke360.com/post/34762"
_GREY = "https://errorcanon.top/errors/pytorch/conv2d-channels-mismatch/index.md"


@broken(r"permute\(0, 3, 1, 2\)", at="conv", like=_CHANNELS)
def images_with_channels_last() -> Made:
    """As NumPy and PIL give them."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 8, 3)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            features = self.conv(images)  # fails
            return features.mean((2, 3))

    return Net(), torch.randn(4, 32, 40, 3)


@broken(r"in_channels=1\b", at="backbone.stem.0", like=_GREY)
def grey_images_into_a_colour_network() -> Made:
    """MNIST into a backbone for colour pictures."""

    class Backbone(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.stem(x)  # fails

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = Backbone()
            self.fc = nn.Linear(16, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.backbone(x).mean((2, 3)))

    return Classifier(), torch.randn(4, 1, 28, 28)


@broken(r"in_channels=32\b.*block1", at="block2.conv", like=_CHANNELS)
def next_block_expects_more_channels() -> Made:
    """The channels were changed in one block and not in the next."""

    class Block(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(inp, out, 3, padding=1)
            self.norm = nn.BatchNorm2d(out)
            self.act = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.norm(self.conv(x)))  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block1 = Block(3, 32)
            self.block2 = Block(64, 128)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.block2(self.block1(x))

    return Net(), torch.randn(2, 3, 16, 16)


@broken(r"transpose\(1, (2|-1)\)|permute\(0, 2, 1\)", at="conv", like=PYTEA)
def word_vectors_into_conv1d() -> Made:
    """Embeddings are (batch, length, channels), and Conv1d wants the channels second."""

    class TextCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(100, 24)
            self.conv = nn.Conv1d(24, 8, 3)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            x = self.embed(tokens)
            x = torch.relu(self.conv(x))  # fails
            return x.amax(-1)

    return TextCNN(), torch.randint(0, 100, (2, 11))


@broken(r"in_channels=48\b", at="up.conv", like=PYTEA)
def decoder_forgets_what_is_concatenated() -> Made:
    """After ``cat`` there are the channels of both."""

    class Up(nn.Module):
        def __init__(self, inp: int, out: int) -> None:
            super().__init__()
            self.up = nn.Upsample(scale_factor=2)
            self.conv = nn.Conv2d(inp, out, 3, padding=1)

        def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
            x = torch.cat([self.up(x), skip], dim=1)
            return self.conv(x)  # fails

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc1 = nn.Conv2d(1, 16, 3, padding=1)
            self.enc2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
            self.up = Up(32, 16)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            skip = self.enc1(x)
            return self.up(self.enc2(skip), skip)

    return Net(), torch.randn(1, 1, 16, 16)


@broken(r"larger input|padding", at="layers.5", like=PYTEA)
def pooled_to_nothing() -> Made:
    """The picture is too small for so many poolings."""
    layers = nn.Sequential(
        nn.Conv2d(1, 4, 5),
        nn.MaxPool2d(4),
        nn.Conv2d(4, 4, 5),
        nn.ReLU(),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(4),
    )

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = layers

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = layer(x)  # fails
            return x

    return Net().eval(), torch.randn(2, 1, 28, 28)


@broken(r"\[:, :, None, None\]|view\(.*1, 1\)|unsqueeze", at="main.0", like=PYTEA)
def noise_of_a_generator_is_flat() -> Made:
    """DCGAN wants (batch, 100, 1, 1)."""

    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.main = nn.Sequential(
                nn.ConvTranspose2d(100, 32, 4, 1, 0, bias=False),
                nn.BatchNorm2d(32),
                nn.ReLU(True),
                nn.ConvTranspose2d(32, 1, 4, 2, 1, bias=False),
                nn.Tanh(),
            )

        def forward(self, noise: torch.Tensor) -> torch.Tensor:
            return self.main(noise)  # fails

    return Generator(), torch.randn(16, 100)


@broken(r"ConvTranspose2d\(in_channels=32\b|in_channels=32\b", at="decoder.2", like=PYTEA)
def decoder_of_an_autoencoder() -> Made:
    """The second deconvolution takes what the first once gave."""

    class AutoEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(
                nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 64, 3, 2, 1)
            )
            self.decoder = nn.Sequential(
                nn.ConvTranspose2d(64, 32, 2, stride=2),
                nn.ReLU(),
                nn.ConvTranspose2d(16, 1, 2, stride=2),
            )

        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return self.encoder(x)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            z = self.encode(x)
            return self.decoder(z)  # fails

    return AutoEncoder(), torch.randn(2, 1, 16, 16)


@broken(r"Conv3d|flatten\(0, 1\)", at="stem", like=PYTEA)
def video_into_conv2d() -> Made:
    """Frames are one dimension more."""

    class Video(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 7, stride=2)

        def forward(self, clip: torch.Tensor) -> torch.Tensor:
            return self.stem(clip)  # fails

    return Video(), torch.randn(2, 5, 3, 20, 20)


@broken(r"unsqueeze\(1\)", at="net.0", like=PYTEA)
def signal_without_a_channel() -> Made:
    """A batch of signals is (batch, length)."""
    net = nn.Sequential(nn.Conv1d(1, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())

    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net
            self.out = nn.Linear(4, 2)

        def forward(self, signal: torch.Tensor) -> torch.Tensor:
            return self.out(self.net(signal))  # fails

    return Classifier(), torch.randn(8, 100)


@broken(r"view\(-1, 16, 4, 4\)|unflatten", at="deconv", like=PYTEA)
def latent_not_made_a_picture() -> Made:
    """The decoder of a VAE forgets to shape what the linear layer gives."""

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(10, 16 * 4 * 4)
            self.deconv = nn.ConvTranspose2d(16, 1, 4, 2, 1)

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            h = torch.relu(self.fc(z))
            return torch.sigmoid(self.deconv(h))  # fails

    return Decoder(), torch.randn(4, 10)


@broken(r"x\.movedim\(2, 1\)", at="conv", like=PYTEA)
def frames_before_channels() -> Made:
    """A video as loaders give it: batch, time, channels."""

    class Video(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv3d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(x)  # fails

    return Video(), torch.randn(2, 8, 3, 16, 16)


@broken(r"output_padding=1 in up", at="", like=PYTEA)
def a_transposed_convolution_that_lacks_a_row() -> Made:
    """Half the size, rounded down, and twice that."""

    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.Conv2d(3, 8, 3, stride=2)
            self.up = nn.ConvTranspose2d(8, 3, 3, stride=2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.up(self.down(x))  # fails

    return Autoencoder(), torch.randn(2, 3, 32, 32)
