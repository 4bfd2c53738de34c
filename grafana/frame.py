"""What the dashboards share: variables, the links between them, and their settings."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.models import dashboard as model

from grafana.influxql import REGION, SCHOOL, Store
from grafana.language import Language
from grafana.target import Target

# The newest that Grafana 9.4 does not skip; every later one migrates upwards.
SCHEMA_VERSION: Final = 37

ALL: Final = ".*"
SOURCES: Final[dict[Store, str]] = {
    "raw": "schoolwatch",
    "hourly": "schoolwatch_1h",
    "daily": "schoolwatch_1d",
}

Variable = builder.QueryVariable
PASSED: Final = {
    "district": ("region",),
    "targets": ("region",),
    "health": ("region",),
    "security": ("region",),
    "school": ("region", "school"),
    "machine": ("region", "school"),
    "room": ("region", "school"),
    "device": ("region", "school"),
    "ports": ("region", "school"),
}
"""What a link hands on to each. The agent of a machine, the room and the device are the first of
their school, or all of them, unless a row says which."""


def board(
    t: Language, name: str, title: str, text: str, *, begin: str = "now-24h", refresh: str = "1m"
) -> builder.Dashboard:
    """Return an empty dashboard with its variables and links to the others."""
    made = (
        builder.Dashboard(title)
        .uid(t.uid(name))
        .description(text)
        .tags(["schoolwatch", f"schoolwatch-{t.code}"])
        .time(begin, "now")
        .refresh(refresh)
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .timezone("browser")
        .week_start("monday")
    )
    for store, source in SOURCES.items():
        made.with_variable(_source(t, store, source))
    made.with_variable(_day_begins()).with_variable(_page())
    for variable in _choices(t, name):
        made.with_variable(variable)
    return made.link(_nav(t))


def to_row(t: Language, name: str, *tags: str) -> str:
    """Return the address of the dashboard *name* for the school in a row of a table.

    Or in the labels of a series; *tags* are what else of the row is chosen there.
    """
    choices = "&".join(f"var-{tag}=${{__data.fields.{tag}}}" for tag in ("region", "school", *tags))
    return f"/d/{t.uid(name)}/?{choices}&${{__url_time_range}}"


def to_board(t: Language, name: str, *more: str) -> str:
    """Return the address of the dashboard *name*, with what is chosen here, *more* included."""
    choices = "&".join(f"${{{one}:queryparam}}" for one in (*PASSED[name], *more))
    return f"/d/{t.uid(name)}/?{choices}&${{__url_time_range}}"


def _nav(t: Language) -> builder.DashboardLink:
    return (
        builder.DashboardLink(t("其他仪表盘", "Other dashboards"))
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([f"schoolwatch-{t.code}"])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def _source(t: Language, store: Store, name: str) -> builder.DatasourceVariable:
    return (
        builder.DatasourceVariable(store)
        .label(t("数据源", "Data source"))
        .hide(model.VariableHide.HIDE_VARIABLE)
        .type("influxdb")
        .regex(f"/^{name}$/")
        .current(model.VariableOption(selected=True, text=name, value=name))
    )


def to_alerts(t: Language, **choices: str) -> str:
    """Return where the collector's own page tells of the alerts that *choices* name."""
    words = "&".join(f"{name}={one}" for name, one in ({"lang": t.code} | choices).items())
    return f"${{page:raw}}/alerts?{words}"


def to_alert(t: Language) -> str:
    """Return where the collector's own page tells of the alert in a row of a table."""
    return f"${{page:raw}}/alerts/${{__data.fields.number}}?lang={t.code}"


def row(*tags: str) -> dict[str, str]:
    """Return *tags* as a row of a table has them."""
    return {tag: f"${{__data.fields.{tag}}}" for tag in tags}


def _page() -> builder.ConstantVariable:
    """Where people find the collector's pages, for the whole story of an alert.

    `schoolwatch deploy` puts the district's own address in its place.
    """
    return builder.ConstantVariable("page").value("http://127.0.0.1:8480")


def _day_begins() -> builder.ConstantVariable:
    """When the district's day begins, UTC: the days of `schoolwatch_1d` begin there."""
    return builder.ConstantVariable("day_begins").value("16h")


def _choices(t: Language, name: str) -> Sequence[Variable]:
    region = _choice(
        "region", t("区划", "Region"), 'SHOW TAG VALUES FROM "school" WITH KEY = "region"'
    )
    region.include_all(True).all_value(ALL)
    region.current(model.VariableOption(selected=True, text="All", value="$__all"))
    school = _choice(
        "school",
        t("学校", "School"),
        f'SHOW TAG VALUES FROM "school" WITH KEY = "school" WHERE {REGION}',
    )
    agent = _choice(
        "agent",
        t("采集端", "Agent"),
        f'SHOW TAG VALUES FROM "agent" WITH KEY = "agent" WHERE {SCHOOL}',
    )
    room = _choice(
        "room",
        t("教室", "Room"),
        f'SHOW TAG VALUES FROM "room" WITH KEY = "room" WHERE {SCHOOL}',
    )
    room.include_all(True).all_value(ALL)
    room.current(model.VariableOption(selected=True, text="All", value="$__all"))
    device = _choice(
        "device",
        t("设备", "Device"),
        f'SHOW TAG VALUES FROM "device" WITH KEY = "device" WHERE {SCHOOL}',
    )
    ports = _choice(
        "device",
        t("设备", "Device"),
        f'SHOW TAG VALUES FROM "device_port" WITH KEY = "device" WHERE {SCHOOL}',
    )
    return {
        "school": [region, school],
        "machine": [region, school, agent],
        "room": [region, school, room],
        "device": [region, school, device],
        "ports": [region, school, ports],
    }.get(name, [region])


def _choice(name: str, label: str, query: str) -> Variable:
    return (
        Variable(name)
        .label(label)
        .datasource(Target.source("raw"))
        .query(query)
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(False)
    )
