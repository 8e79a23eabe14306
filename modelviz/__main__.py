"""The command, also as ``python -m modelviz``, where it is not on the path."""

import sys

INTERRUPTED = 130
"""What a shell takes for the end of a command by Ctrl-C."""


def main() -> None:
    """Run the command; Ctrl-C ends it without a word, while it is still being loaded, too."""
    try:
        from .cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
