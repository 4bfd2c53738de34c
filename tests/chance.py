"""How many examples Hypothesis draws: all that a test asks for, or a quarter for a quick answer.

A run that leaves the slow tests out (`-m "not slow"`, as scripts/test has it) is the quick one. CI
runs those too, and then draws all; so does whoever runs one test by itself.
"""

from hypothesis import settings

AT_LEAST = 10
USUAL = 100
"""What Hypothesis draws where a test names no number."""
_drawn = {"quick": False}


def choose(*, quick: bool) -> None:
    """Set for the whole run, before any test is loaded, which of the two it is."""
    _drawn["quick"] = quick
    settings.register_profile("schoolwatch", max_examples=examples(USUAL), deadline=None)
    settings.load_profile("schoolwatch")


def examples(most: int) -> int:
    """Return how many of *most* examples this run draws."""
    return min(most, max(AT_LEAST, most // 4)) if _drawn["quick"] else most
