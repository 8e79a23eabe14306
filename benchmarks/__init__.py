"""modelviz measured: a zoo of real models, peers side by side, scaling and import cost."""
