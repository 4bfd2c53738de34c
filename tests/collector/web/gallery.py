"""Every page, of districts of any size, for tests in a real browser and as pictures to look at.

Make them: python -m tests.collector.web.gallery FOLDER [schools …]
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.collector.web.districts import furnish
from tests.collector.web.fakes import MINUTE, NOW, FakeSource, MoodyStore, history, serving
from tests.real import chromium
from tests.waiting import until_sync

SIZES: Final = (1, 50, 1000)
WIDTHS: Final = (390, 1440)
LANGUAGES: Final = ("zh", "en")
PAGES: Final = {
    "district": "/",
    "unknown": "/?state=unknown&area=urban",
    "up": "/?state=up",
    "school": "/schools/330102/3300000000",
    "room": "/schools/330102/3300000000/rooms/302",
    "agent": "/schools/330102/3300000000/jifang-1",
    "alerts": "/alerts",
    "alert": "/alerts/1",
    "muted": "/alerts/800",
    "hidden": "/alerts/803",
    "silences": "/silences",
    "security": "/security",
    "incidents": "/incidents",
    "incident": "/incidents/2",
    "unconnected": "/unconnected",
    "supervision": "/supervision",
    "ledger": "/ledger",
    "evidence": "/evidence",
    "account": "/ledger?region=330102&school=3300000000&agent=jifang-1",
    "nowhere": "/nowhere",
}
DRAWN: Final = """
return document.readyState === 'complete'
  && [...document.querySelectorAll('.plot')].every((one) => one.firstChild)
"""


@contextmanager
def shown(folder: Path, count: int) -> Iterator[tuple[FakeSource, str]]:
    """Serve a district of *count* schools whose clock stands still; gives it and its address."""
    store = MoodyStore(folder / f"store-{count}.db")
    source = FakeSource(store)
    furnish(source, count)
    who = source.schools[0].agents[0].who
    store.write(history(NOW - 30 * MINUTE, NOW, who=who))
    try:
        with serving(source, now=lambda: NOW) as address:
            yield source, address
    finally:
        store.close()


def at(address: str, path: str, language: str) -> str:
    """Return where a page is in *language*."""
    return f"{address}{path}{'&' if '?' in path else '?'}lang={language}"


def main(folder: Path, sizes: tuple[int, ...]) -> None:
    """Write a picture of every page to *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chromium.browser() as page:
        for count in sizes:
            with shown(Path(name), count) as (_, address):
                for title, path in PAGES.items():
                    for language in LANGUAGES:
                        for width in WIDTHS:
                            page.resize(width)
                            page.open(at(address, path, language))
                            until_sync(lambda: bool(page.run(DRAWN)))
                            page.screenshot(folder / f"{title}-{count}-{language}-{width}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), tuple(map(int, sys.argv[2:])) or SIZES)
