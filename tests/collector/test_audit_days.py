"""For how long the audit log is kept is asked for, and never less than the law says (R-45)."""

from pathlib import Path

import pytest

from collector.config import CollectorConfig
from core import config
from core.errors import ConfigError

TOML = 'kind = "collector"\n[collector]\nregions = ["330102"]\naudit_days = {days}\n'


def given(days: int) -> int:
    content = TOML.format(days=days).encode()
    return config.parse(Path("collector.toml"), content, CollectorConfig).collector.audit_days


def test_184_days_are_enough_and_one_less_is_refused_by_its_line() -> None:
    assert given(184) == 184
    with pytest.raises(ConfigError, match=r"collector.toml:4: .*183 is under 184.*six months"):
        given(183)
