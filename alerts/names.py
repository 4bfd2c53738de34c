"""What the configuration has to know of channels and stages, without loading them."""

from typing import Final

CONSOLE: Final = "console"
"""The channel that is always there."""

FEWEST_MESSAGES: Final = 4
"""In ten minutes: with fewer there is no room for the two summaries and what is P1."""
