"""The list of what is overdue, by school, and what left it lately; as a page and as a table."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from alerts.routing.supervision import Entry, Supervision
from collector.journal import Note
from collector.picture import Picture
from collector.web import supervision
from collector.web.actors import asker
from collector.web.pages import reading
from collector.web.pages.frame import Frame
from collector.web.reads import Reads


@dataclass(frozen=True, slots=True)
class SupervisionPage:
    """The handlers of `/supervision` and `/supervision.csv`."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show what is overdue, the school first that has waited longest."""
        source, picture = self.frame.source, self.frame.source.picture()
        read = await reading.reading(self.reads, source.supervision, Supervision())
        return self.frame.page(
            request,
            picture,
            "supervision.html",
            listed=read.found,
            problem=read.problem,
            groups=by_school(read.found.open, picture),
        )

    async def table(self, request: web.Request) -> web.Response:
        """Give the list as CSV, once that is in the audit log; raises StoreError."""
        found = await self.reads.run(self.frame.source.supervision)
        by, people = asker(request), self.frame.source.people()
        said = {"entries": len(found.open) + len(found.over)}
        note = Note("exported", "supervision.csv", by.account, said, by=by)
        await self.reads.run(lambda: people.act(note))
        language = self.frame.texts(request).language
        text = supervision.table(found, self.frame.now(), language, self.frame.zone)
        headers = {"Content-Disposition": 'attachment; filename="supervision.csv"'}
        return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


def by_school(
    entries: Iterable[Entry], picture: Picture
) -> list[tuple[tuple[str, ...], str, list[Entry]]]:
    """Return for each school its address, its name and its entries, in the order of *entries*."""
    names = {(one.region, one.school): one.name for one in picture.schools}
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.school, []).append(entry)
    return [
        (at, names.get((at[0], at[1]), "") if at else "", listed)
        for school, listed in found.items()
        for at in (tuple(school.split("/")) if school else (),)
    ]
