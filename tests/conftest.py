"""What every test needs before it imports a library of models."""

from modelviz.sources.torchvision_ops import import_torchvision

import_torchvision()
