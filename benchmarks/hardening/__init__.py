"""Attempts to break modelviz with what it is given, counted."""
