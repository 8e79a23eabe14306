"""Code beside the picture of the model it makes, line by line: for who has just met PyTorch."""

from .course import TOPICS, Excerpt, Topic, excerpt, factory_of
from .lesson import Block, Lesson, Line, lesson

__all__ = [
    "TOPICS",
    "Block",
    "Excerpt",
    "Lesson",
    "Line",
    "Topic",
    "excerpt",
    "factory_of",
    "lesson",
]
