"""Whether the audit log can be believed, figure by figure, and how to check that alone."""

from dataclasses import dataclass

from aiohttp import web

from collector.web.pages.frame import Frame
from collector.web.reads import Reads


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """The handler of `/evidence`; may raise StoreError."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show it."""
        source = self.frame.source
        view = await self.reads.run(source.evidence)
        picture = source.picture()
        return self.frame.page(request, picture, "evidence.html", view=view, states=view.states())
