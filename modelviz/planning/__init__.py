"""What a step of a model takes: memory, and on which device it fits."""

from .devices import DEVICES, Device
from .result import Plan
from .run import plan

__all__ = ["DEVICES", "Device", "Plan", "plan"]
