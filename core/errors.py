"""Every failure that this project expects, in one tree.

MonitorError
├── ConfigError          a person has to edit a file; says which line
├── StartError           cannot start: a taken port, a folder in use, a missing program
│   └── LogDamaged       a record or tile of the audit log is not what it was
├── WireError            what arrived is not what wire.md promises
│   ├── TopicError       the topic names no identity or channel
│   ├── PayloadError     cannot be unpacked, or is larger than the limits
│   ├── HeaderError      unpacked, but its first line is wrong
│   └── LineError        one line of line protocol is wrong; the others may be good
├── TargetUnreachable    no answer in time: the next round may succeed
├── NotPermitted         the system does not let this process do it; says what would
├── NotConnected         the MQTT session is down: what was to be sent stays where it is
├── SpoolError           the agent's disk refused; readings are not taken meanwhile
├── ActRefused           what a person asked for may not be done now; `why` is a word for it
├── DeliveryError        a message that a channel will never take
│   └── RetryLater       for now: the same message may be taken later
│       └── NotYet       nothing was tried: a limit of ours says to wait
└── StoreError           the time-series store did not take what it was given
    ├── QueryError       a question without an answer: the mean of a text; ask another one
    ├── StoreBusy        for now: try the same again
    └── StoreStopped     until a person acts: wrong credentials, missing database, full disk
        └── AuditStopped the audit log cannot be written, so nothing that it must tell is done
"""

from pathlib import Path


class MonitorError(Exception):
    """Anything that this project expects to go wrong; the text is a sentence for a person."""


class ConfigError(MonitorError):
    """A file or option that a person has to correct; the text names the place."""


class StartError(MonitorError):
    """A program that cannot start here; the text says what to do."""


class LogDamaged(StartError):
    """The audit log is not what it was: `path` is the file, `record` the row, 0 where unknown."""

    def __init__(self, path: Path, record: int, what: str) -> None:
        super().__init__(
            f"the audit log {path} is damaged: {what}. Put back the copy of a backup, or move the "
            "whole folder to a safe place: then the log is written anew from the collector's "
            "database, and whoever holds a checkpoint of the old one says that it is another."
        )
        self.path, self.record, self.what = path, record, what


class WireError(MonitorError):
    """Bytes that do not keep the wire contract."""


class TopicError(WireError):
    """A topic without identity and channel in the places where they belong."""


class PayloadError(WireError):
    """A payload that cannot be unpacked within the limits."""


class HeaderError(WireError):
    """A first line that is damaged, or of a version that is too new."""


class LineError(WireError):
    """One line of line protocol that InfluxDB would refuse; the text says why."""


class TargetUnreachable(MonitorError):
    """No answer from what a probe asked."""


class NotPermitted(MonitorError):
    """An operation that needs rights which this process lacks."""


class NotConnected(MonitorError):
    """There is no broker connection at this moment."""


class SpoolError(MonitorError):
    """The spool cannot be written or read at this moment."""


class ActRefused(MonitorError):
    """What a person asked for may not be done; `why` is one of a few words that pages know."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


class DeliveryError(MonitorError):
    """A channel refused a message for good; the text says why, and holds no secret."""


class RetryLater(DeliveryError):
    """A channel did not take a message for now; after *wait* seconds at the earliest.

    *perhaps* says that the receiver may have it all the same; *whole* that until then nothing else
    should go through the channel either.
    """

    def __init__(self, text: str, *, perhaps: bool, wait: float = 0, whole: bool = False) -> None:
        super().__init__(text)
        self.perhaps, self.wait, self.whole = perhaps, wait, whole


class NotYet(RetryLater):
    """A channel keeps its own limits: it tried nothing, and that is no failure.

    *perhaps* says that the receiver has a part of the message.
    """

    def __init__(
        self, text: str, *, wait: float, whole: bool = True, perhaps: bool = False
    ) -> None:
        super().__init__(text, perhaps=perhaps, wait=wait, whole=whole)


class StoreError(MonitorError):
    """The store did not take a write or answer a read."""


class QueryError(StoreError):
    """A query that has no answer whatever is stored; the text says why."""


class StoreBusy(StoreError):
    """The store cannot do it for now; the same call may succeed later."""


class StoreStopped(StoreError):
    """The store will not do it until a person has acted."""


class AuditStopped(StoreStopped):
    """What was to be done was not, for it cannot be put into the audit log (R-44)."""
