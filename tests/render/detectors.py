"""Detectors as people write them: a pyramid and heads, and boxes decoded in the forward."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Made = tuple[nn.Module, tuple[Tensor, ...]]


def _conv(into: int, out: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(into, out, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.SiLU())


class Backbone(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.stem = _conv(3, width, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(_conv(width * 2**i, width * 2 ** (i + 1), 2), _conv(w, w))
            for i, w in enumerate((2 * width, 4 * width, 8 * width))
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        x, found = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return found


class Pyramid(nn.Module):
    def __init__(self, widths: tuple[int, ...], out: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(width, out, 1) for width in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(out, out, 3, padding=1) for _ in widths)

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        found = [lateral(x) for lateral, x in zip(self.lateral, features, strict=True)]
        for index in range(len(found) - 1, 0, -1):
            found[index - 1] = found[index - 1] + F.interpolate(found[index], scale_factor=2)
        return [smooth(x) for smooth, x in zip(self.smooth, found, strict=True)]


def _iou(a: Tensor, b: Tensor) -> Tensor:
    low, high = torch.max(a[:, None, :2], b[:, :2]), torch.min(a[:, None, 2:], b[:, 2:])
    size = (high - low).clamp(min=0)
    both = size[..., 0] * size[..., 1]
    area = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    return both / (area[:, None] + (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) - both)


class InlineDetector(nn.Module):
    """A pyramid with two heads; all that comes after is written in the forward."""

    def __init__(self, classes: int = 5, top: int = 16) -> None:
        super().__init__()
        self.backbone, self.fpn = Backbone(), Pyramid((16, 32, 64), 16)
        self.cls_head = nn.Sequential(_conv(16, 16), nn.Conv2d(16, classes, 3, padding=1))
        self.box_head = nn.Sequential(_conv(16, 16), nn.Conv2d(16, 4, 3, padding=1))
        self.classes, self.top = classes, top

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        levels = self.fpn(self.backbone(x))
        scores = torch.cat([self.cls_head(p).flatten(2).transpose(1, 2) for p in levels], 1)
        deltas = torch.cat([self.box_head(p).flatten(2).transpose(1, 2) for p in levels], 1)
        centres = []
        for level, p in enumerate(levels):
            ys = (torch.arange(p.shape[2], device=x.device) + 0.5) * 2 ** (level + 2)
            xs = (torch.arange(p.shape[3], device=x.device) + 0.5) * 2 ** (level + 2)
            grid = torch.stack(torch.meshgrid(ys, xs, indexing="ij"), -1)
            centres.append(grid.reshape(-1, 2))
        centre = torch.cat(centres)
        middle = centre + deltas[..., :2] * 8
        size = deltas[..., 2:].clamp(max=4).exp() * 16
        boxes = torch.cat([middle - size / 2, middle + size / 2], -1)
        boxes = torch.stack(
            [boxes[..., 0].clamp(0, x.shape[3]), boxes[..., 1].clamp(0, x.shape[2]),
             boxes[..., 2].clamp(0, x.shape[3]), boxes[..., 3].clamp(0, x.shape[2])], -1
        )  # fmt: skip
        best, label = scores.sigmoid().max(-1)
        best, order = best.topk(self.top, dim=1)
        boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4))
        label = label.gather(1, order)
        shifted = boxes[0] + label[0, :, None] * 1000.0
        overlap = _iou(shifted, shifted)
        earlier = torch.ones_like(overlap).triu(1).T
        keep = ((overlap * earlier).max(-1).values < 0.5).float()
        return boxes * keep[None, :, None], best * keep, label


class SSD(nn.Module):
    """A chain of feature maps, each with two convolutions, and priors made in the forward."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        widths = (16, 32, 64, 64, 64)
        self.classes = classes
        self.base = _conv(3, 16, 2)
        self.extras = nn.ModuleList(_conv(a, b, 2) for a, b in pairwise(widths))
        self.loc = nn.ModuleList(nn.Conv2d(w, 4 * 4, 3, padding=1) for w in widths)
        self.conf = nn.ModuleList(nn.Conv2d(w, 4 * classes, 3, padding=1) for w in widths)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        maps = [self.base(x)]
        for extra in self.extras:
            maps.append(extra(maps[-1]))
        loc = [f(m).permute(0, 2, 3, 1).flatten(1) for f, m in zip(self.loc, maps, strict=True)]
        conf = [f(m).permute(0, 2, 3, 1).flatten(1) for f, m in zip(self.conf, maps, strict=True)]
        where = torch.cat(loc, 1).view(x.shape[0], -1, 4)
        what = torch.cat(conf, 1).view(x.shape[0], -1, self.classes).softmax(-1)
        priors = torch.linspace(0, 1, where.shape[1] * 4, device=x.device).view(1, -1, 4)
        middle = priors[..., :2] + where[..., :2] * 0.1 * priors[..., 2:]
        size = priors[..., 2:] * (where[..., 2:] * 0.2).exp()
        boxes = torch.cat([middle - size / 2, middle + size / 2], -1).clamp(0, 1)
        score, order = what[..., 1:].max(-1).values.topk(10, 1)
        boxes = boxes.gather(1, order.unsqueeze(-1).expand(-1, -1, 4))
        return boxes * (score > 0.01).unsqueeze(-1), score


class PerLevelDetector(InlineDetector):
    """Heads and decoding a level at a time, in one loop."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        boxes, scores = [], []
        for level, p in enumerate(self.fpn(self.backbone(x))):
            stride = 2 ** (level + 2)
            score, delta = self.cls_head(p), self.box_head(p)
            ys = (torch.arange(p.shape[2]) + 0.5) * stride
            xs = (torch.arange(p.shape[3]) + 0.5) * stride
            cy, cx = torch.meshgrid(ys, xs, indexing="ij")
            left, top = cx - delta[:, 0].exp() * stride, cy - delta[:, 1].exp() * stride
            right, bottom = cx + delta[:, 2].exp() * stride, cy + delta[:, 3].exp() * stride
            box = torch.stack([left, top, right, bottom], -1).flatten(1, 2)
            boxes.append(box.clamp(0, 512))
            scores.append(score.sigmoid().flatten(2).transpose(1, 2))
        every, best = torch.cat(boxes, 1), torch.cat(scores, 1)
        value, label = best.max(-1)
        return every, value, label


DETECTORS: dict[str, Callable[[], Made]] = {
    "inline-detector": lambda: (InlineDetector(), (torch.zeros(1, 3, 64, 64),)),
    "per-level": lambda: (PerLevelDetector(), (torch.zeros(1, 3, 64, 64),)),
    "ssd": lambda: (SSD(), (torch.zeros(1, 3, 64, 64),)),
}
