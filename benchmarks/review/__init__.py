"""How well ``modelviz.diff`` and ``modelviz.check`` do: random changes, faults, the zoo."""
