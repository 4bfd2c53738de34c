"""Which store the configuration opens, and what it needs for that."""

from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from collector.config import CollectorConfig, read_collector
from collector.store.choose import open_store
from collector.store.config import TOKEN_ENV
from collector.store.influx import InfluxStore
from collector.store.sqlite import SqliteStore
from core.errors import ConfigError, StoreBusy
from tests.real.influx import RealInflux


def configured(folder: Path, store: str) -> CollectorConfig:
    file = folder / "collector.toml"
    file.write_text(f'kind = "collector"\ncollector.regions = ["1"]\n[store]\n{store}')
    return read_collector(file)


def test_sqlite_is_what_nobody_asked_for(tmp_path: Path) -> None:
    (tmp_path / "var/collector").mkdir(parents=True)
    with closing(open_store(configured(tmp_path, ""), keep_ns=0)) as store:
        assert isinstance(store, SqliteStore)
    assert (tmp_path / "var/collector/store.db").exists()


def test_influxdb_is_opened_with_the_token_of_the_file(influx: RealInflux, tmp_path: Path) -> None:
    bucket, token = f"chosen_{uuid4().hex[:8]}", tmp_path / "token"
    influx.make_bucket(bucket)
    token.write_text(influx.token + "\n")
    token.chmod(0o600)
    config = configured(
        tmp_path,
        f'type = "influxdb"\nurl = "{influx.url}/"\norg = "{influx.org}"\n'
        f'bucket = "{bucket}"\ntoken_file = "token"',
    )
    with closing(open_store(config, keep_ns=0)) as store:
        assert isinstance(store, InfluxStore)
        store.set_counter(3)
        assert store.counter() == 3


def test_a_database_that_is_not_there_yet_does_not_keep_the_collector_from_starting(
    tmp_path: Path,
) -> None:
    config = configured(tmp_path, 'type = "influxdb"\nurl = "http://127.0.0.1:9"')
    with closing(open_store(config, keep_ns=0)) as store, pytest.raises(StoreBusy, match="refused"):
        store.write(b"m v=1 1\n")


@pytest.mark.parametrize("token", ["two\nlines", "密码", "a\tb"])
def test_a_token_that_cannot_travel_in_a_header_is_refused_and_not_shown(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_ENV, token)
    with pytest.raises(ConfigError, match=TOKEN_ENV) as refused:
        open_store(configured(tmp_path, 'type = "influxdb"'), keep_ns=0)
    assert token not in str(refused.value)
