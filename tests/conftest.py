"""What every test needs before it imports a library of models."""

from benchmarks.zoo.torchvision_ops import declare_missing_ops

declare_missing_ops()
