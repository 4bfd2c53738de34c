"""A real browser for the pages: headless Chromium, steered by chromedriver, both from Debian.

Watch it work: python -m tests.real.chromium http://127.0.0.1:8480/ page.png
"""

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.waiting import until_sync

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)

VISIBLE_TEXT = """
const found = document.querySelector(arguments[0]);
return found && found.checkVisibility() ? found.innerText : "";
"""
"""`innerText` of what is hidden is all its text."""

MISSING = "chromium and chromedriver (Debian: apt-get install chromium chromium-driver)"


def found() -> bool:
    """Tell whether there is a browser here."""
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@dataclass(frozen=True, slots=True)
class Browser:
    """One page in a browser of its own, as wide as a test says, also narrower than a window."""

    driver: Chrome

    def open(self, address: str) -> None:
        """Load *address* and wait until it is there."""
        self.driver.get(address)

    def run(self, script: str, *words: object) -> Any:
        """Return what *script* (with a `return`) gives in the page."""
        return self.driver.execute_script(script, *words)

    def text(self, selector: str = "body") -> str:
        """Return what a reader sees of the first element that fits *selector*."""
        return str(self.run(VISIBLE_TEXT, selector))

    def until_text(self, words: str, selector: str = "body", seconds: float = 15.0) -> None:
        """Wait until *words* can be read in the element."""
        until_sync(lambda: words in self.text(selector), seconds)

    def resize(self, width: int, height: int = 900) -> None:
        """Pretend a screen of that size; a window cannot be narrower than some 500 pixels."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def emulate(self, **features: str) -> None:
        """Pretend media features, such as `prefers_color_scheme="dark"`."""
        wanted = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})

    def complaints(self) -> list[str]:
        """Return what the page wrote to the console since the last look: errors and refusals."""
        return [str(entry["message"]) for entry in self._log("browser")]

    def requested(self) -> list[str]:
        """Return every address that the page asked for since the last look."""
        entries = (json.loads(entry["message"]) for entry in self._log("performance"))
        return [
            str(entry["message"]["params"]["request"]["url"])
            for entry in entries
            if entry["message"]["method"] == "Network.requestWillBeSent"
        ]

    def _log(self, name: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return entries

    def screenshot(self, path: Path) -> None:
        """Write the whole page as PNG, also what lies below the window."""
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
        )
        path.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser(width: int = 1440, height: int = 900, *, scripts: bool = True) -> Iterator[Browser]:
    """Give a fresh browser whose page is *width* × *height*; everything of it is gone after."""
    # A profile is some hundred files, so it lies in memory where the machine has such a folder.
    shared = Path("/dev/shm")
    place = shared if shared.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as profile:
        driver = Chrome(_options(profile), Service(shutil.which("chromedriver")))
        try:
            page = Browser(driver)
            page.resize(width, height)
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
            yield page
        finally:
            driver.quit()


def _options(profile: str) -> Options:
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return options


def _shoot(address: str, path: str, width: int = 1440) -> None:
    drawn = "return [...document.querySelectorAll('.plot')].every((one) => one.firstChild)"
    with browser(width) as page:
        page.open(address)
        until_sync(lambda: page.run(drawn))
        page.screenshot(Path(path))


if __name__ == "__main__":
    _shoot(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1440)
