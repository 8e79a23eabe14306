"""Five models drawn by torchlens, torchview and modelviz."""
