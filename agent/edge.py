"""What leaves the school holds no number of a person (domain.md R-63): taken out at the edge.

Texts come from devices, logs and names that people gave; what is in them is looked at before it is
written into the spool, so that not even this machine keeps it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from core import details, persondata
from core.types import Event, Reading


def reading_without_persons(reading: Reading) -> Reading:
    """Return *reading* with words in place of such numbers; the same object where it has none."""
    if not any(map(persondata.has_any, _texts(reading.tags, reading.fields))):
        return reading
    tags = {name: persondata.removed(value) for name, value in reading.tags.items()}
    fields = {
        name: persondata.removed(value) if isinstance(value, str) else value
        for name, value in reading.fields.items()
    }
    return replace(reading, tags=tags, fields=fields)


def event_without_persons(event: Event) -> Event:
    """Return *event* with words in place of such numbers; the same object where it has none."""
    target, subject = persondata.removed(event.target), persondata.removed(event.subject)
    said = details.without_persons(event.details)
    if (target, subject) == (event.target, event.subject) and said is event.details:
        return event
    return replace(event, target=target, subject=subject, details=said)


def _texts(tags: Mapping[str, str], fields: Mapping[str, Any]) -> Iterator[str]:
    yield from tags.values()
    yield from (value for value in fields.values() if isinstance(value, str))
