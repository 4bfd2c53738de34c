"""A collector's configuration for an InfluxDB, and the commands on it, for tests."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from collector.cli import main
from tests.real.influx import RealInflux


@dataclass(frozen=True)
class Place:
    """A folder with a configuration and the files of secrets; `capsys` hears the commands."""

    folder: Path
    server: RealInflux
    bucket: str
    capsys: "pytest.CaptureFixture[str] | None" = None

    @property
    def config(self) -> Path:
        return self.folder / "collector.toml"

    @property
    def token_file(self) -> Path:
        return self.folder / "collector.token"

    @property
    def grafana_file(self) -> Path:
        return self.folder / "grafana-collector.token"

    @property
    def admin_file(self) -> Path:
        return self.folder / "admin.token"

    def configure(self, *, url: str = "", **options: Any) -> "Place":
        """Write the configuration, with *options* in [store]."""
        table = {
            "type": "influxdb",
            "url": url or self.server.url,
            "org": self.server.org,
            "bucket": self.bucket,
            "token_file": self.token_file.name,
        } | options
        lines = [f"{name} = {json.dumps(value)}" for name, value in table.items() if value != ""]
        head = 'kind = "collector"\n[collector]\nregions = ["330100"]\n[store]\n'
        self.config.write_text(head + "\n".join(lines) + "\n")
        return self

    def give(self, file: Path, secret: str) -> None:
        file.write_text(secret + "\n")
        file.chmod(0o600)

    def init(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run `store init`; return its code and what it says, as programs read it."""
        return self._run("init", "--admin-file", str(self.admin_file), *words)

    def check(self) -> tuple[int, dict[str, dict[str, str]]]:
        """Run `store check`; return its code and the findings by their parts."""
        code, said = self._run("check")
        return code, {one["part"]: one for one in said["findings"]}

    def states(self, *words: str) -> dict[str, str]:
        """Run `store init`; return the states by their parts."""
        return {step["part"]: step["state"] for step in self.init(*words)[1]["steps"]}

    def _run(self, command: str, *words: str) -> tuple[int, dict[str, Any]]:
        assert self.capsys is not None
        self.capsys.readouterr()
        code = main(["store", command, "--config", str(self.config), "--json", *words])
        out, err = self.capsys.readouterr()
        assert code < 2, err
        assert out, err
        said: dict[str, Any] = json.loads(out)
        return code, said

    def secrets(self) -> list[str]:
        """Return every secret that there is."""
        files = (self.token_file, self.grafana_file, self.admin_file)
        whole = [file.read_text().strip() for file in files if file.exists()]
        return whole + [one.partition(":")[2] for one in whole if ":" in one]
