"""routing.toml while the collector runs: read at the start, and taken over when it changes."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Final

from alerts.routing.check import Routes, parse_routing, usable
from alerts.routing.plan import Routing, no_contacts
from alerts.schooltime import SchoolTime
from collector.filewatch import FileWatch
from collector.journal import Journal
from collector.lastgood import LastGood, at_start
from collector.roster.school import School

NAME: Final = "routing.last"

_log = logging.getLogger(__name__)


class RoutingFile:
    """Without a file there are no routes, and everybody is told everything."""

    def __init__(
        self,
        path: Path | None,
        channels: Sequence[str],
        schools: Mapping[str, str],
        zone: tzinfo,
        journal: Journal,
        *,
        folder: Path,
        contacts: Callable[[str], Mapping[str, str]] = no_contacts,
        times: SchoolTime | None = None,
    ) -> None:
        """Take the names of all channels and the school of each that is for one alone; raises
        ConfigError for a file that cannot be used, where none was before."""
        self._channels, self._schools, self._zone = tuple(channels), schools, zone
        self._contacts, self._times = contacts, times
        self.at_start: Routing | None = None
        self.watches: list[FileWatch] = []
        self._new: Routing | None = None
        if path:
            copy = LastGood(folder / NAME)
            found, content = at_start(path, copy, self._parse)
            self.at_start = self._made(found)
            self.watches = [FileWatch(path, content, self._parse, self._take, journal, copy=copy)]

    def new(self) -> Routing | None:
        """Return the routes of a file that changed since this was asked last."""
        found, self._new = self._new, None
        return found

    def _parse(self, path: Path, content: bytes) -> Routes:
        found = parse_routing(path, content)
        usable(found, self._channels, path)
        return found

    def _take(self, found: Routes) -> None:
        self._new = self._made(found)

    def _made(self, found: Routes) -> Routing:
        for warning in found.warnings():
            _log.warning("routes: %s", warning)
        channels, schools = self._channels, self._schools
        return Routing(
            *(found, channels, self._zone),
            schools=schools,
            contacts=self._contacts,
            times=self._times,
        )


def contacts_of(school: School | None) -> Mapping[str, str]:
    """Return the work contacts that the roster has for a school, by role."""
    return {one.role: one.contact for one in school.people if one.contact} if school else {}
