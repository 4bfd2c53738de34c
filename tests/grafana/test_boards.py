"""What every dashboard keeps to, read from the JSON that is checked in."""

import re
from collections.abc import Iterator
from typing import Any, get_args
from urllib.parse import parse_qsl

import pytest

from collector.rollups.series import NOT_ROLLED
from collector.web.causes import CAUSES
from collector.web.securitytexts import SECURITY
from core import causes, devices
from core.catalog import CATALOG, IDENTITY_TAGS
from core.kinds import KINDS
from core.sensorwords import SensorState
from grafana import palette, words
from grafana.build import FOLDER, files
from grafana.language import Language
from tests.grafana.boards import ALL, CODES, asked, load, panels

IN_GRAFANA_9_4 = {
    *("timeseries", "stat", "gauge", "bargauge", "table", "state-timeline"),
    *("status-history", "barchart", "histogram", "heatmap", "piechart", "text"),
}
MIXED = {"type": "datasource", "uid": "-- Mixed --"}
OWN_NAMES = {"time"}
ROLLED = ("_min", "_max", "_mean", "_last", "_count", "_known")
AVOIDED = ("SHOW DATABASES", "SHOW SERIES", "CARDINALITY", "SAMPLE(", "HOLT", "SLIMIT", "SOFFSET")
CHINESE = re.compile(r"[\u4e00-\u9fff]")

every_board = pytest.mark.parametrize("name", ALL)


def named(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((f"{name}: {panel['title']}", panel) for panel in panels(load(name)))


def texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Return every text of a JSON value, each with its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, key)
    elif isinstance(value, str):
        yield key, value


def test_the_checked_in_dashboards_are_what_the_code_builds() -> None:
    """Else: python -m grafana.build"""
    wanted = {path.as_posix(): content for path, content in files()}
    assert sorted(wanted) == ALL
    stale = [name for name in ALL if (FOLDER / name).read_text(encoding="utf-8") != wanted[name]]
    assert stale == []


def test_uids_are_fixed_and_no_two_are_the_same() -> None:
    boards = (
        "district",
        "school",
        "machine",
        "targets",
        "health",
        "room",
        "device",
        "ports",
        "security",
        "evidence",
    )
    wanted = {f"zh/{one}.json": f"sw-{one}" for one in boards}
    wanted |= {f"en/{one}.json": f"sw-{one}-en" for one in boards}
    assert {name: load(name)["uid"] for name in ALL} == wanted


@every_board
def test_a_dashboard_is_one_that_grafana_9_4_reads_and_nobody_edits(name: str) -> None:
    board = load(name)
    assert board["schemaVersion"] == 37
    assert board["editable"] is False
    assert {panel["type"] for panel in panels(board)} <= IN_GRAFANA_9_4
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    assert not any("id" in variable for variable in board["templating"]["list"])


@every_board
def test_every_panel_says_what_it_shows_in_which_unit_and_what_to_do(name: str) -> None:
    for where, panel in named(name):
        shown = panel["fieldConfig"]["defaults"]
        assert panel["title"], where
        assert len(panel["description"]) > 20, where
        assert shown["unit"], where
        assert len(shown["noValue"]) > 3, where
        assert shown["thresholds"]["steps"], where
        assert panel["targets"], where


@every_board
def test_no_data_looks_like_neither_zero_nor_fine(name: str) -> None:
    fine = {text for word in ("up", "degraded", "down") for text in words.STATES[word][:2]}
    for where, panel in named(name):
        nothing = panel["fieldConfig"]["defaults"]["noValue"]
        assert not re.search(r"\d+\s*$|^0", nothing), where
        assert nothing not in fine, where
        if panel["type"] in ("stat", "gauge", "bargauge"):
            steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert [step["color"] for step in steps if step["value"] is None] == [palette.UNKNOWN]


@every_board
def test_panels_stand_beside_each_other_without_gaps_or_overlap(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in load(name)["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    bottom = max(y for _, y in taken) + 1
    assert len(taken) == 24 * bottom


@every_board
def test_data_sources_are_named_by_variables(name: str) -> None:
    board = load(name)
    variables = {one["name"]: one for one in board["templating"]["list"]}
    for store, source in (
        ("raw", "schoolwatch"),
        ("hourly", "schoolwatch_1h"),
        ("daily", "schoolwatch_1d"),
    ):
        assert variables[store]["regex"] == f"/^{source}$/"
    by_variable = {"type": "influxdb", "uid": None}
    for where, panel in named(name):
        used = [target["datasource"] for target in panel["targets"]]
        assert all(one["uid"] in ("${raw}", "${hourly}", "${daily}") for one in used), where
        assert panel["datasource"] == MIXED or panel["datasource"] in used, where
        assert by_variable["type"] == used[0]["type"], where


@every_board
def test_one_colour_has_one_meaning(name: str) -> None:
    found = {text for key, text in texts(load(name)) if key in ("color", "fixedColor")}
    assert found - palette.COLOURS == set()


def test_no_two_meanings_share_a_colour() -> None:
    states = {word: colour for word, (_, _, colour) in words.STATES.items()}
    apart = [states[word] for word in ("up", "degraded", "down", "unknown", "stopped")]
    assert len(set(apart)) == len(apart)


@every_board
def test_every_link_leads_to_a_dashboard_of_the_same_language_with_its_variables(
    name: str,
) -> None:
    variables = {
        load(one)["uid"]: {v["name"] for v in load(one)["templating"]["list"]} for one in ALL
    }
    mine = {variable["name"] for variable in load(name)["templating"]["list"]}
    for where, url in texts(load(name)):
        if where != "url" or not url:
            continue
        language = name.partition("/")[0]
        if url.startswith("${page:raw}/alerts/"):  # the page of one alert
            assert url == f"${{page:raw}}/alerts/${{__data.fields.number}}?lang={language}"
            continue
        if url.startswith("${page:raw}/alerts?"):  # the collector's own page
            words = dict(parse_qsl(url.partition("?")[2]))
            assert words.pop("lang") == language, url
            assert set(words) <= {"region", "school"}, url
            continue
        uid, _, query = url.removeprefix("/d/").partition("/?")
        assert uid in variables, url
        assert uid.endswith("-en") == name.startswith("en/"), url
        passed = set(re.findall(r"var-(\w+)=", query)) | set(
            re.findall(r"\$\{(\w+):queryparam\}", query)
        )
        assert passed <= variables[uid], url
        assert set(re.findall(r"\$\{(\w+):queryparam\}", query)) <= mine, url
        assert "${__url_time_range}" in query, url
        choices = {"region", "school", "agent", "room", "device"} & variables[uid]
        assert choices - passed <= {"agent", "room", "device", "school"} - mine, url


@every_board
def test_every_panel_leads_on(name: str) -> None:
    for where, panel in named(name):
        inside = [text for key, text in texts(panel["fieldConfig"]) if key == "url"]
        assert panel["links"] or inside, where


@every_board
def test_a_query_names_only_fields_and_tags_of_the_catalogue(name: str) -> None:
    for query in asked(name):
        about = CATALOG[query.measurement]
        tags = {*about.tags, *IDENTITY_TAGS}
        names = set(about.fields)
        if query.store != "raw" and query.measurement not in NOT_ROLLED:
            names = {f"{field}{way}" for field in names for way in ROLLED}
        assert query.words - tags - names == set(), query


@every_board
def test_a_query_is_of_the_subset_that_all_influxdbs_take(name: str) -> None:
    for query in asked(name):
        assert not any(word in query.text.upper() for word in AVOIDED), query
        assert " INTO " not in query.text.upper(), query


@every_board
def test_no_query_over_raw_data_spans_more_than_a_day(name: str) -> None:
    spans = re.compile(r"time > \$\{__to\}ms - (\d+)([mh]) AND time <= \$\{__to\}ms")
    for query in asked(name):
        if query.store != "raw":
            continue
        within = spans.search(query.text)
        minutes = int(within[1]) * {"m": 1, "h": 60}[within[2]] if within else 0
        bounded = "time <= (${__to}ms + (24h - ${__to}ms + ${__from}ms) * 24)" in query.text
        assert bounded or 0 < minutes <= 1440, query


@pytest.mark.parametrize("name", [one for one in ALL if one.startswith("zh/")])
def test_a_chinese_dashboard_speaks_chinese(name: str) -> None:
    keys = ("title", "description", "noValue", "displayName", "label")
    known = {"P1", "P2", "P3", "P4"}
    for key, text in texts(load(name)):
        if key in keys and text and text not in known:
            assert CHINESE.search(text), f"{key}: {text}"


@pytest.mark.parametrize("name", [one for one in ALL if one.startswith("en/")])
def test_an_english_dashboard_holds_no_chinese(name: str) -> None:
    assert [text for _, text in texts(load(name)) if CHINESE.search(text)] == []


def test_both_languages_show_the_same() -> None:
    for name in (one for one in ALL if one.startswith("zh/")):
        zh, en = (load(name.replace("zh/", f"{code}/")) for code in CODES)
        assert [p["gridPos"] for p in zh["panels"]] == [p["gridPos"] for p in en["panels"]]
        assert [p["type"] for p in zh["panels"]] == [p["type"] for p in en["panels"]]


def test_every_state_cause_and_kind_of_event_has_its_word() -> None:
    said = {key.removeprefix("cause_") for key in CAUSES if key.startswith("cause_")}
    assert said - set(words.CAUSES) == set()
    states = {key.removeprefix("state_") for key in CAUSES if key.startswith("state_")}
    assert states == set(words.STATES)
    assert set(KINDS) <= set(words.KIND_WORDS)


def test_every_kind_state_and_cause_of_a_device_has_its_word() -> None:
    assert set(words.DEVICE_KINDS) == set(devices.KINDS)
    assert set(words.DEVICE_STATES) == set(devices.STATES)
    assert set(words.DEVICE_CAUSES) == {"", *causes.CAUSES}


def test_states_have_the_words_of_the_page() -> None:
    for word, (zh, en, _) in words.STATES.items():
        text = CAUSES[f"state_{word}"]
        assert (zh, en) == (text.zh, text.en.lower())
    assert Language("en").uid("district") == "sw-district-en"


def test_how_a_school_is_watched_is_said_as_on_the_page() -> None:
    assert set(words.SENSORS) == set(get_args(SensorState))
    for word, (zh, en, _) in words.SENSORS.items():
        text = SECURITY[f"sensor_{word}"]
        assert (zh, en) == (text.zh, text.en)
    board = load("zh/security.json")["panels"]
    (watched,) = (panel for panel in board if panel["title"] == "有人看护的学校")
    for state in ("sees", "blind", "stopped", "none"):  # its help names what the page names
        assert f"“{words.SENSORS[state][0]}”" in watched["description"]
