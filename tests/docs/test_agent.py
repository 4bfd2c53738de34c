"""What docs/agent.md promises of the smallest file."""

import re
from pathlib import Path

from agent.config import read_agent
from agent.probes import base as probes_base
from agent.watchers import base as watchers_base
from tests.real.certificates import issued, roots_file

PAGE = (Path(__file__).parents[2] / "docs/agent.md").read_text(encoding="utf-8")


def test_the_smallest_file_is_read_and_measures_what_matters(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "password").write_text("x")
    (tmp_path / "password").chmod(0o600)
    roots_file(tmp_path, issued("district", ca=True)).rename(tmp_path / "district-ca.pem")
    (tmp_path / "agent.toml").write_text(text)
    config = read_agent(tmp_path / "agent.toml")
    assert str(config.identity) == "110105/3111000123/server-room"
    assert config.words() == probes_base.by_default
    assert tuple(one.word for one in config.watchers) == watchers_base.by_default
