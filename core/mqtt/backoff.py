"""How long to wait before connecting again, so that thousands of agents do not come at once."""

from collections.abc import Callable

Uniform = Callable[[float, float], float]
"""Gives a random number between two bounds: `random.Random().uniform`."""

FIRST_TRIES_WITHIN_S = 1.0
_DOUBLINGS = 16


class Backoff:
    """Full jitter: a random moment under a ceiling that doubles with every failure.

    After a loss the ceiling is `within_s`; at first start it is a second, because a broker
    started together with us is not there yet.
    """

    def __init__(self, within_s: float, max_s: float, uniform: Uniform) -> None:
        self.within_s, self._max_s, self._uniform = within_s, max_s, uniform
        self._base_s = min(FIRST_TRIES_WITHIN_S, within_s)
        self._doublings = 0

    def connected(self) -> None:
        """Begin anew: the next wait is that after a loss."""
        self._base_s, self._doublings = self.within_s, 0

    def wait_s(self) -> float:
        """Return how long to wait now; until a connect, each call doubles the ceiling."""
        ceiling = min(self._max_s, self._base_s * 2.0**self._doublings)
        self._doublings = min(self._doublings + 1, _DOUBLINGS)
        return self._uniform(0.0, ceiling)
