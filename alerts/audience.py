"""Who reads a message: the district, or one school's own people, who may see who attacks them.

Pure. A message is kept once, with both texts; what leaves through a channel has one of them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from core.alerts import NO_TEXT, Notification, Telling
from core.kind import SEVERITIES

MOST_LISTED: Final = 20
"""Alerts of a summary that are told one by one, the worst first."""


def addressed(said: Notification, school: str) -> Notification | None:
    """Return *said* as the people of *school* (`region/school`) get it, or the district, for "".

    None where it is nothing to them.
    """
    if not school:
        listed = tuple(replace(one, school=NO_TEXT) for one in said.alerts[:MOST_LISTED])
        return replace(said, alerts=listed)
    theirs = tuple(_theirs(said, school))
    if not theirs:
        return None
    # One alert of theirs in a summary of many is a message about that one.
    title = said.title if len(theirs) == len(said.alerts) else theirs[0].title
    severity = min((one.alert.severity for one in theirs), key=SEVERITIES.index)
    counts = dict(Counter(one.alert.key.rule for one in theirs))
    listed = theirs[:MOST_LISTED]
    total = len(theirs)
    return replace(said, title=title, severity=severity, alerts=listed, total=total, counts=counts)


def _theirs(said: Notification, school: str) -> Iterator[Telling]:
    for one in said.alerts:
        if one.alert.key.school == school:
            yield replace(one, text=one.school if any(one.school) else one.text, school=NO_TEXT)
