"""U-Nets as people write them: one, two and three dimensions, skips that are joined or added."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Made = tuple[nn.Module, tuple[Tensor, ...]]


def _conv(dims: int) -> type[nn.Module]:
    return {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dims]


class DoubleConv(nn.Module):
    """Two convolutions with their normalisations."""

    def __init__(self, into: int, out: int, dims: int = 2) -> None:
        super().__init__()
        conv = _conv(dims)
        norm = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}[dims]
        self.net = nn.Sequential(
            conv(into, out, 3, padding=1), norm(out), nn.ReLU(inplace=True),
            conv(out, out, 3, padding=1), norm(out), nn.ReLU(inplace=True),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class UNet(nn.Module):
    """The U-Net of a tutorial: lists of blocks, a loop down and a loop up."""

    def __init__(self, dims: int = 2, add: bool = False, widths: tuple[int, ...] = (8, 16, 32, 64)):
        super().__init__()
        pool = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[dims]
        up = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[dims]
        self.add, self.pool = add, pool(2)
        self.downs = nn.ModuleList(
            DoubleConv(a, b, dims) for a, b in zip((1, *widths[:-1]), widths, strict=True)
        )
        self.bottleneck = DoubleConv(widths[-1], 2 * widths[-1], dims)
        self.ups = nn.ModuleList(up(2 * w, w, 2, stride=2) for w in widths[::-1])
        self.convs = nn.ModuleList(DoubleConv(w if add else 2 * w, w, dims) for w in widths[::-1])
        self.head = _conv(dims)(widths[0], 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottleneck(x)
        for up, conv in zip(self.ups, self.convs, strict=True):
            x, skip = up(x), skips.pop()
            x = conv(x + skip if self.add else torch.cat([skip, x], dim=1))
        return self.head(x)


class Down(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.seq = nn.Sequential(nn.MaxPool2d(2), DoubleConv(into, out))

    def forward(self, x: Tensor) -> Tensor:
        return self.seq(x)


class Up(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.conv = DoubleConv(into, out)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.up(x)
        dy, dx = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.conv(torch.cat([skip, x], dim=1))


class MilesialUNet(nn.Module):
    """Blocks that take the skip themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = DoubleConv(3, 8)
        self.down1, self.down2 = Down(8, 16), Down(16, 32)
        self.down3, self.down4 = Down(32, 64), Down(64, 64)
        self.up1, self.up2 = Up(128, 32), Up(64, 16)
        self.up3, self.up4 = Up(32, 8), Up(16, 8)
        self.outc = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x5 = self.down4(x4)
        y = self.up1(x5, x4)
        y = self.up2(y, x3)
        y = self.up3(y, x2)
        return self.outc(self.up4(y, x1))


class Gate(nn.Module):
    """The gate of an attention U-Net."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g, self.x = nn.Conv2d(width, width // 2, 1), nn.Conv2d(width, width // 2, 1)
        self.psi = nn.Conv2d(width // 2, 1, 1)

    def forward(self, g: Tensor, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.psi(F.relu(self.g(g) + self.x(x))))


class AttentionUNet(nn.Module):
    """Each skip passes a gate that the way up opens."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32, 64)) -> None:
        super().__init__()
        pairs = list(zip((3, *widths[:-1]), widths, strict=True))
        self.enc = nn.ModuleList(DoubleConv(a, b) for a, b in pairs)
        back = widths[::-1]
        steps = list(pairwise(back))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in steps)
        self.gates = nn.ModuleList(Gate(b) for _, b in steps)
        self.dec = nn.ModuleList(DoubleConv(a, b) for a, b in steps)
        self.out = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for index, block in enumerate(self.enc):
            x = block(F.max_pool2d(x, 2) if index else x)
            skips.append(x)
        for up, gate, dec, skip in zip(self.up, self.gates, self.dec, skips[-2::-1], strict=True):
            x = up(x)
            x = dec(torch.cat([gate(x, skip), x], dim=1))
        return self.out(x)


class Block(nn.Module):
    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(into, out, 3, padding=1), nn.Conv2d(out, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.second(torch.relu(self.first(x))))


class Nested(nn.Module):
    """A block for each level and column; ``learned`` ones are made larger by a convolution."""

    def __init__(self, levels: int = 5, heads: int = 1, learned: bool = False) -> None:
        super().__init__()
        self.levels, self.heads = levels, heads
        wide = [4 * 2**level for level in range(levels)]
        self.blocks, self.ups = nn.ModuleDict(), nn.ModuleDict()
        self.pool = nn.MaxPool2d(2)
        for step in range(levels):
            for level in range(levels - step):
                name, into = (
                    f"{level}_{step}",
                    wide[level] * step + wide[min(level + 1, levels - 1)],
                )
                if not step:
                    into = wide[level - 1] if level else 3
                elif learned:
                    into = wide[level] * (step + 1)
                    self.ups[name] = nn.ConvTranspose2d(wide[level + 1], wide[level], 2, 2)
                else:
                    self.ups[name] = nn.Upsample(scale_factor=2)
                self.blocks[name] = Block(into, wide[level])
        self.final = nn.ModuleList(nn.Conv2d(4, 1, 1) for _ in range(heads))

    def forward(self, x: Tensor) -> Any:
        made: dict[tuple[int, int], Tensor] = {}
        for level in range(self.levels):
            made[level, 0] = x = self.blocks[f"{level}_0"](self.pool(x) if level else x)
        for step in range(1, self.levels):
            for level in range(self.levels - step):
                name = f"{level}_{step}"
                before = [made[level, earlier] for earlier in range(step)]
                below = self.ups[name](made[level + 1, step - 1])
                made[level, step] = self.blocks[name](torch.cat([*before, below], 1))
        found = [head(made[0, self.levels - 1 - at]) for at, head in enumerate(self.final)]
        return found if self.heads > 1 else found[0]


class ResUnit(nn.Module):
    def __init__(self, into: int, out: int, stride: int = 1, dims: int = 3) -> None:
        super().__init__()
        conv = _conv(dims)
        self.conv1 = conv(into, out, 3, stride=stride, padding=1)
        self.norm = nn.GroupNorm(2, out)
        self.conv2 = conv(out, out, 3, padding=1)
        self.skip = conv(into, out, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.conv2(F.leaky_relu(self.norm(self.conv1(x)))) + self.skip(x))


class SkipLayer(nn.Module):
    """Modules inside one another, as monai builds its nets: down, what is below, up."""

    def __init__(self, down: nn.Module, below: nn.Module, up: nn.Module, merge: nn.Module) -> None:
        super().__init__()
        self.downsample, self.next_layer, self.upsample, self.merge = down, below, up, merge

    def forward(self, x: Tensor) -> Tensor:
        y = self.downsample(x)
        z = self.upsample(self.next_layer(y))
        return self.merge(torch.cat([x, z], dim=1))


class DynUNet(nn.Module):
    """A net whose levels are modules inside one another."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32, 64), dims: int = 3) -> None:
        super().__init__()
        up = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[dims]
        layer: nn.Module = ResUnit(widths[-1], widths[-1], dims=dims)
        for a, b in list(pairwise(widths))[::-1]:
            layer = SkipLayer(
                ResUnit(a, b, 2, dims), layer, up(b, a, 2, stride=2), ResUnit(2 * a, a, dims=dims)
            )
        self.input_block = ResUnit(1, widths[0], dims=dims)
        self.skip_layers, self.output_block = layer, _conv(dims)(widths[0], 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.output_block(self.skip_layers(self.input_block(x)))


class Encoder(nn.Module):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            DoubleConv(a, b) for a, b in zip((3, *widths[:-1]), widths, strict=True)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for index, block in enumerate(self.blocks):
            x = block(F.max_pool2d(x, 2) if index else x)
            features.append(x)
        return features


class Decoder(nn.Module):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        back = widths[::-1]
        self.blocks = nn.ModuleList(DoubleConv(a + b, b) for a, b in pairwise(back))

    def forward(self, features: list[Tensor]) -> Tensor:
        *skips, x = features
        for block, skip in zip(self.blocks, skips[::-1], strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2), skip], dim=1))
        return x


class SmpUNet(nn.Module):
    """Encoder, decoder and head, as segmentation_models_pytorch has them: nothing at the top."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32, 64, 64)) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(widths), Decoder(widths)
        self.segmentation_head = nn.Conv2d(widths[0], 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.segmentation_head(self.decoder(self.encoder(x)))


class Wrapped(nn.Module):
    """A U-Net some levels deep."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.backbone = nn.ModuleDict({"net": net})
        self.loss_weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.backbone["net"](x) * self.loss_weight


class Predictor(nn.Module):
    """A U-Net in something that prepares what it gets and reads what it gives."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.model = net
        self.register_buffer("mean", torch.zeros(1, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x - self.mean).softmax(1)


class WNet(nn.Module):
    """Two U-Nets, the second on what the first gives."""

    def __init__(self) -> None:
        super().__init__()
        self.enc, self.dec = UNet(), UNet()
        self.between = nn.Conv2d(3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.dec(self.between(torch.softmax(self.enc(x), 1)))


class Hourglass(nn.Module):
    def __init__(self, depth: int, width: int) -> None:
        super().__init__()
        self.up1, self.low1 = ResUnit(width, width, dims=2), ResUnit(width, width, dims=2)
        inner = depth > 1
        self.low2 = Hourglass(depth - 1, width) if inner else ResUnit(width, width, dims=2)
        self.low3 = ResUnit(width, width, dims=2)

    def forward(self, x: Tensor) -> Tensor:
        low = self.low3(self.low2(self.low1(F.max_pool2d(x, 2))))
        return self.up1(x) + F.interpolate(low, scale_factor=2)


class StackedHourglass(nn.Module):
    def __init__(self, stacks: int = 2, depth: int = 4, width: int = 16) -> None:
        super().__init__()
        self.pre = nn.Conv2d(3, width, 7, stride=2, padding=3)
        self.hgs = nn.ModuleList(Hourglass(depth, width) for _ in range(stacks))
        self.outs = nn.ModuleList(nn.Conv2d(width, 16, 1) for _ in range(stacks))
        self.merge = nn.ModuleList(nn.Conv2d(16, width, 1) for _ in range(stacks))

    def forward(self, x: Tensor) -> list[Tensor]:
        x, found = self.pre(x), []
        for hourglass, out, merge in zip(self.hgs, self.outs, self.merge, strict=True):
            y = hourglass(x)
            found.append(out(y))
            x = x + y + merge(found[-1])
        return found


class TimedBlock(nn.Module):
    def __init__(self, into: int, out: int, time: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (
            nn.Conv2d(into, out, 3, padding=1),
            nn.Conv2d(out, out, 3, padding=1),
        )
        self.time, self.norm = nn.Linear(time, out), nn.GroupNorm(4, out)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        x = F.silu(self.norm(self.conv1(x)))
        return F.silu(self.conv2(x + self.time(t)[:, :, None, None]))


class DiffusionUNet(nn.Module):
    """A U-Net whose every block takes an embedding of the time, with attention below."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, 32))
        pairs = list(zip((widths[0], *widths[:-1]), widths, strict=True))
        self.stem = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down = nn.ModuleList(TimedBlock(a, b, 32) for a, b in pairs)
        self.shrink = nn.ModuleList(nn.Conv2d(b, b, 3, stride=2, padding=1) for _, b in pairs)
        self.mid1, self.mid2 = TimedBlock(widths[-1], 64, 32), TimedBlock(64, widths[-1], 32)
        self.attn = nn.MultiheadAttention(64, 4, batch_first=True)
        back = pairs[::-1]
        self.grow = nn.ModuleList(nn.ConvTranspose2d(b, b, 2, stride=2) for _, b in back)
        self.up = nn.ModuleList(TimedBlock(2 * b, a, 32) for a, b in back)
        self.out = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        half = torch.exp(torch.arange(8, device=x.device) * -1.15)
        angles = t[:, None] * half[None]
        t = self.time(torch.cat([angles.sin(), angles.cos()], dim=-1))
        x, skips = self.stem(x), []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            x = block(x, t)
            skips.append(x)
            x = shrink(x)
        x = self.mid1(x, t)
        flat = x.flatten(2).transpose(1, 2)
        x = x + self.attn(flat, flat, flat)[0].transpose(1, 2).view_as(x)
        x = self.mid2(x, t)
        for grow, block in zip(self.grow, self.up, strict=True):
            x = block(torch.cat([grow(x), skips.pop()], dim=1), t)
        return self.out(x)


class WaveUNet(nn.Module):
    """A net for sound: every other value is left out on the way down, and guessed on the way up."""

    def __init__(self, levels: int = 5, width: int = 8) -> None:
        super().__init__()
        widths = [width * (level + 1) for level in range(levels)]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv1d(a, b, 15, padding=7), nn.LeakyReLU(0.1))
            for a, b in pairwise((1, *widths))
        )
        self.middle = nn.Conv1d(widths[-1], widths[-1], 15, padding=7)
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv1d(2 * b, a, 5, padding=2), nn.LeakyReLU(0.1))
            for a, b in list(pairwise((width, *widths)))[::-1]
        )
        self.out = nn.Conv1d(width + 1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        sound, kept = x, []
        for block in self.down:
            x = block(x)
            kept.append(x)
            x = x[:, :, ::2]
        x = F.leaky_relu(self.middle(x))
        for block in self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="linear")
            x = block(torch.cat([x, kept.pop()], dim=1))
        return torch.tanh(self.out(torch.cat([sound, x], dim=1)))


class VStage(nn.Module):
    """Convolutions of a V-Net around which what came in is added."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            *(
                nn.Sequential(nn.Conv3d(width, width, 5, padding=2), nn.PReLU(width))
                for _ in range(count)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.convs(x)


class VNet(nn.Module):
    """Strided convolutions down, transposed ones up, each stage residual."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32, 64)) -> None:
        super().__init__()
        self.in_tr = nn.Conv3d(1, widths[0], 5, padding=2)
        self.encoders = nn.ModuleList(VStage(w, min(i + 1, 3)) for i, w in enumerate(widths))
        self.strided = nn.ModuleList(nn.Conv3d(a, b, 2, stride=2) for a, b in pairwise(widths))
        steps = list(pairwise(widths[::-1]))
        self.transposed = nn.ModuleList(nn.ConvTranspose3d(a, b, 2, stride=2) for a, b in steps)
        self.joins = nn.ModuleList(nn.Conv3d(2 * b, b, 1) for _, b in steps)
        self.decoders = nn.ModuleList(VStage(b, 2) for _, b in steps)
        self.out_tr = nn.Conv3d(widths[0], 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x, kept = self.in_tr(x), []
        for index, stage in enumerate(self.encoders):
            x = stage(x)
            if index < len(self.strided):
                kept.append(x)
                x = F.relu(self.strided[index](x))
        for up, join, stage in zip(self.transposed, self.joins, self.decoders, strict=True):
            x = stage(join(torch.cat((F.relu(up(x)), kept.pop()), dim=1)))
        return F.softmax(self.out_tr(x), dim=1)


class ListsUNet(nn.Module):
    """Lists of lists of blocks, and two skips a level, as nets for diffusion are often written."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32)) -> None:
        super().__init__()
        self.init_conv = nn.Conv2d(3, widths[0], 7, padding=3)
        self.time_mlp = nn.Sequential(nn.Linear(1, 32), nn.GELU(), nn.Linear(32, 32))
        self.downs, self.ups = nn.ModuleList([]), nn.ModuleList([])
        pairs = list(pairwise((*widths, widths[-1])))
        for a, b in pairs:
            blocks = TimedBlock(a, a, 32), TimedBlock(a, a, 32), nn.Conv2d(a, b, 4, 2, 1)
            self.downs.append(nn.ModuleList(blocks))
        self.mid = TimedBlock(widths[-1], widths[-1], 32)
        for a, b in pairs[::-1]:
            up = nn.ConvTranspose2d(b, a, 4, 2, 1)
            self.ups.append(nn.ModuleList([up, TimedBlock(2 * a, a, 32), TimedBlock(2 * a, a, 32)]))
        self.final = nn.Conv2d(widths[0], 3, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        t, h = self.time_mlp(time[:, None]), []
        x = self.init_conv(x)
        for first, second, down in self.downs:
            x = first(x, t)
            h.append(x)
            x = second(x, t)
            h.append(x)
            x = down(x)
        x = self.mid(x, t)
        for up, first, second in self.ups:
            x = first(torch.cat((up(x), h.pop()), dim=1), t)
            x = second(torch.cat((x, h.pop()), dim=1), t)
        return self.final(x)


class LateSkips(nn.Module):
    """Each skip has a convolution of its own, which runs on the way up, after the other branch."""

    def __init__(self, widths: tuple[int, ...] = (8, 16, 32, 64)) -> None:
        super().__init__()
        self.enc = nn.ModuleList(DoubleConv(a, b) for a, b in pairwise((3, *widths)))
        steps = list(pairwise(widths[::-1]))
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in steps)
        self.lateral = nn.ModuleList(nn.Conv2d(b, b, 1) for _, b in steps)
        self.dec = nn.ModuleList(DoubleConv(b, b) for _, b in steps)
        self.out = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for index, block in enumerate(self.enc):
            x = block(F.max_pool2d(x, 2) if index else x)
            skips.append(x)
        for index, up in enumerate(self.up):
            x = up(x) + self.lateral[index](skips[-2 - index])
            x = self.dec[index](x)
        return self.out(x)


def _image(*shape: int) -> tuple[Tensor, ...]:
    return (torch.zeros(shape),)


U_NETS: dict[str, Callable[[], Made]] = {
    "unet": lambda: (UNet(), _image(1, 1, 64, 64)),
    "unet-1d": lambda: (UNet(1), _image(1, 1, 256)),
    "unet-3d": lambda: (UNet(3), _image(1, 1, 32, 32, 32)),
    "unet-add": lambda: (UNet(add=True), _image(1, 1, 64, 64)),
    "unet-add-1d": lambda: (UNet(1, add=True), _image(1, 1, 256)),
    "unet-deep": lambda: (UNet(widths=(4, 8, 16, 32, 64, 128)), _image(1, 1, 128, 128)),
    "unet-two-levels": lambda: (UNet(widths=(8, 16)), _image(1, 1, 32, 32)),
    "milesial": lambda: (MilesialUNet(), _image(1, 3, 64, 64)),
    "attention-unet": lambda: (AttentionUNet(), _image(1, 3, 64, 64)),
    "unet++": lambda: (Nested(), _image(1, 3, 64, 64)),
    "unet++-3": lambda: (Nested(3), _image(1, 3, 64, 64)),
    "dynunet": lambda: (DynUNet(), _image(1, 1, 32, 32, 32)),
    "dynunet-2d": lambda: (DynUNet(dims=2), _image(1, 1, 32, 32)),
    "smp": lambda: (SmpUNet(), _image(1, 3, 64, 64)),
    "wrapped": lambda: (Wrapped(UNet()), _image(1, 1, 64, 64)),
    "predictor": lambda: (Predictor(UNet()), _image(1, 1, 64, 64)),
    "w-net": lambda: (WNet(), _image(1, 1, 64, 64)),
    "hourglass": lambda: (StackedHourglass(1), _image(1, 3, 128, 128)),
    "stacked-hourglass": lambda: (StackedHourglass(), _image(1, 3, 128, 128)),
    "wave-unet": lambda: (WaveUNet(), _image(1, 1, 1024)),
    "v-net": lambda: (VNet(), _image(1, 1, 16, 16, 16)),
    "lists": lambda: (ListsUNet(), (torch.zeros(1, 3, 32, 32), torch.zeros(1))),
    "late-skips": lambda: (LateSkips(), _image(1, 3, 64, 64)),
    "diffusion": lambda: (DiffusionUNet(), (torch.zeros(1, 3, 32, 32), torch.zeros(1))),
}  # fmt: skip
