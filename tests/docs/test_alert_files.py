"""The files that `[alerts]` names stand where people look for what to back up and to protect."""

from pathlib import Path

import msgspec
import pytest

from collector.alertsconfig import AlertsConfig

DOCS = Path(__file__).parents[2] / "docs"
FILES = [one.name for one in msgspec.structs.fields(AlertsConfig) if one.name.endswith("_file")]


@pytest.mark.parametrize("page", ["operating.md", "deploy.md", "deploy.zh-CN.md", "backup.md"])
def test_every_file_of_alerts_is_named(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert len(FILES) >= 5
    assert [name for name in FILES if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", ["deploy.md", "deploy.zh-CN.md"])
def test_what_is_secret_is_for_the_collector_alone(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    owned, closed = (
        " ".join(line for line in text.split("\n") if line.startswith(word))
        for word in ("chown 18480:18480 ", "chmod 600 ")
    )
    names = [f"/collector/{name.removesuffix('_file')}.toml" for name in FILES]
    assert [name for name in names if name not in owned] == []
    assert [name for name in names if name in closed] == [
        "/collector/routing.toml",
        "/collector/accounts.toml",
    ]
