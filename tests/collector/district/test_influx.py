"""The series of the district in a real InfluxDB, as a dashboard asks for them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.collector.district.play import Play
from tests.real.influx import RealInflux

RAW, DAILY = "district", "district_1d"


def asked(influx: RealInflux, database: str, query: str) -> list[dict[str, Any]]:
    """Return the rows of an answer to InfluxQL."""
    rows = []
    status, answer = influx.call("GET", f"/query?{urlencode({'db': database, 'q': query})}")
    assert status == 200, answer
    for result in json.loads(answer)["results"]:
        for series in result.get("series", ()):
            rows += [dict(zip(series["columns"], values)) for values in series["values"]]
    return rows


async def test_a_dashboard_finds_states_counts_and_only_shares_that_are_complete(
    influx: RealInflux, tmp_path: Path
) -> None:
    for name in (RAW, DAILY):
        influx.make_bucket(name)
    play = Play(tmp_path, stores=lambda: (influx.store(RAW), influx.store(DAILY)))
    await play.until("Mon 08:05")
    play.cut("a")
    await play.until("Mon 08:15")
    (live,) = asked(
        influx,
        RAW,
        "SELECT last(met) AS met, last(not_met) AS down, last(unproven) AS unknown FROM indicator "
        "WHERE indicator = 'I-01' AND \"window\" = 'live' AND area = 'all' AND region = 'all'",
    )
    assert (live["met"], live["down"], live["unknown"]) == (2, 1, 0)
    rows = asked(
        influx, RAW, "SELECT last(up) AS up, last(known) AS known FROM school GROUP BY school"
    )
    assert sorted((row["up"], row["known"]) for row in rows) == [(0, 1), (1, 1), (1, 1)]
    day = "FROM indicator WHERE indicator = 'I-03' AND \"window\" = 'day' AND area = 'all'"
    complete = f"SELECT value {day} AND region = 'all' AND completeness >= 90"
    assert [row["value"] for row in asked(influx, DAILY, complete)] == [80]  # 36 of 45 minutes
    play.talking.clear()
    play.answers.clear()
    await play.until("Mon 09:00")
    stale = asked(influx, DAILY, f"SELECT value, completeness {day} AND region = 'all'")
    assert [row["completeness"] < 90 for row in stale] == [True]
    assert asked(influx, DAILY, complete) == [], (
        "a share that stands there from before is passed over"
    )
    play.stop()
