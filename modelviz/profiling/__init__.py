"""The time that a model takes, measured."""

from .run import profile

__all__ = ["profile"]
