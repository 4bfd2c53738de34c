"""The list of schools without a network, and who left it lately."""

from dataclasses import dataclass

from aiohttp import web

from collector.unconnected import Listed
from collector.web.pages import reading
from collector.web.pages.frame import Frame
from collector.web.reads import Reads
from collector.web.scope import UNSTATED
from collector.web.unconnected import hours


@dataclass(frozen=True, slots=True)
class UnconnectedPage:
    """The handler of `/unconnected`."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show who is unconnected, how quickly others recovered, and who they were."""
        source = self.frame.source
        read = await reading.reading(self.reads, source.unconnected, Listed())
        return self.frame.page(
            request,
            source.picture(),
            "unconnected.html",
            listed=read.found,
            problem=read.problem,
            hours=lambda duration: f"{hours(duration):g}",
            unstated=UNSTATED,
        )
