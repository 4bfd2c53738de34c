"""What the operator of a district sees: commands, pages, the audit log, what the programs log."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.types import Identity
from tests.collector.desk import audited_in
from tests.e2e.district import District
from tests.waiting import until_sync


@dataclass
class Seen:
    """Asks the running collector of *district*."""

    district: District

    def asked(self, words: str) -> tuple[int, str]:
        """Return exit code and output of a command that asks the collector."""
        command = [sys.executable, "-m", "schoolwatch", *words.split(), "--url", self.district.url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def until_asked(self, words: str, text: str, seconds: float = 60) -> int:
        """Wait until the command says *text*; return the exit code that goes with it."""
        answers = [(0, "")]

        def says() -> bool:
            answers.append(self.asked(words))
            return text in answers[-1][1]

        self._until(says, seconds, lambda: f"schoolwatch {words} says {answers[-1]}, not {text!r}")
        return answers[-1][0]

    def ready(self) -> tuple[int, str]:
        """Return what /readyz answers."""
        return self.get("/readyz")

    def until_ready(self, code: int, text: str = "", seconds: float = 60) -> None:
        """Wait until /readyz answers with *code*, and says *text*."""

        def says() -> bool:
            found, body = self.ready()
            return found == code and text in body

        self._until(says, seconds, lambda: f"/readyz says {self.ready()}, not {code} {text!r}")

    def until_audited(self, kind: str, n: int = 1, seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until the audit log has so many records of *kind*; return them."""
        self._until(
            lambda: len(self.audited(kind)) >= n,
            seconds,
            lambda: f"not {n} of {kind}, but {Counter(r['kind'] for r in self.audited())}",
        )
        return self.audited(kind)

    def audited(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the records of the audit log, of *kinds* if given."""
        found = audited_in(self.district.files)
        return [record for record in found if not kinds or record["kind"] in kinds]

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page."""
        try:
            with urllib.request.urlopen(self.district.url + path, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def live(self) -> dict[str, Any]:
        """Return `/api/v1/live`."""
        return dict(self._json("/api/v1/live"))

    def agent(self, who: Identity | None = None) -> dict[str, Any]:
        """Return what the live picture says of one agent."""
        name = (who or self.district.agent.who).agent
        agents = [one for school in self.live()["schools"] for one in school["agents"]]
        return next((one for one in agents if one["agent"] == name), {"state": "", "cause": ""})

    def state(self, who: Identity | None = None) -> tuple[str, str]:
        """Return state and cause of one agent."""
        found = self.agent(who)
        return found["state"], found["cause"]

    def account(self, who: Identity | None = None) -> dict[str, Any]:
        """Return what the ledger has of one agent, in every detail."""
        region, school, agent = str(who or self.district.agent.who).split("/")
        said = self._json(f"/api/v1/ledger?region={region}&school={school}&agent={agent}")
        return dict(said["agents"][0]) if said["agents"] else {"received": 0, "causes": []}

    def missing(self, who: Identity | None = None) -> Counter[str]:
        """Return how many batches of one agent are missing, by reason."""
        causes = self.account(who)["causes"]
        return Counter({one["reason"]: one["count"] for one in causes})

    def restores(self) -> list[dict[str, Any]]:
        """Return what the ledger says of restores."""
        return list(self._json("/api/v1/ledger")["restores"])

    def _json(self, path: str) -> Any:
        status, body = self.get(path)
        assert status == 200, f"{path}: {status} {body}"
        return json.loads(body)

    @staticmethod
    def _until(holds: Callable[[], bool], seconds: float, else_: Callable[[], str]) -> None:
        try:
            until_sync(holds, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {else_()}") from None
