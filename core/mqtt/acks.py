"""PUBACKs strictly in the order of arrival (MQTT 5 §4.6), whatever order the work ends in.

Out of order, rumqttd was seen to disconnect the client and to lose a message.
"""


class AckOrder:
    """Holds back each acknowledgement until those of all earlier messages have gone out."""

    def __init__(self) -> None:
        self._done: dict[int, bool] = {}

    def arrived(self, mid: int) -> None:
        """Note a message that has to be acknowledged; one that comes twice keeps its place."""
        self._done.setdefault(mid, False)

    def acknowledge(self, mid: int) -> list[int]:
        """Return the mids whose PUBACK may go out now, in order; none for an unknown *mid*."""
        if mid not in self._done:
            return []
        self._done[mid] = True
        ready = []
        for first, done in self._done.items():
            if not done:
                break
            ready.append(first)
        for sent in ready:
            del self._done[sent]
        return ready
