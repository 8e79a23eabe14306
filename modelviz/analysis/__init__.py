"""Pure functions of a ``ModelGraph``, one question a file."""
