"""Panels as the dashboards use them: each kind with the house's settings, and what all must have.

`Look` carries that: title, unit, thresholds, what to do, where to go from here. A panel cannot be
made without it, and a test holds the JSON to it besides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, gauge, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as model

from grafana import palette
from grafana.influxql import Query
from grafana.language import Language
from grafana.target import Target, target
from grafana.words import Word, called

Panel = TypeVar(
    "Panel",
    timeseries.Panel,
    stat.Panel,
    gauge.Panel,
    bargauge.Panel,
    tables.Panel,
    statetimeline.Panel,
)
Mapped = model.ValueMap | model.SpecialValueMap
Steps = Sequence[tuple[float | None, str]]

# For so long a value holds (core.measurements.base); a longer gap is drawn as a gap.
HOLDS_MS: Final = 600_000

# The first colour of all is also that of no value, so it is that of what nobody knows.
PLAIN: Final[Steps] = ((None, palette.UNKNOWN), (0, palette.NEUTRAL))


@dataclass(frozen=True, slots=True)
class Look:
    """What every panel has; `steps` are thresholds from below, `nothing` stands for no data."""

    title: str
    text: str
    unit: str
    nothing: str
    steps: Steps = PLAIN
    width: int = 12
    height: int = 8
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    links: Sequence[tuple[str, str]] = ()
    maps: Sequence[Mapped] = ()
    colours: Mapping[str, str] = field(default_factory=dict)
    """Fixed colours of series by their names."""
    alarms: Mapping[str, str] = field(default_factory=dict)
    """The same of counts that should be 0: nothing stands out while they are."""


def dressed(panel: Panel, look: Look, queries: Sequence[Query]) -> Panel:
    """Return *panel* with what all have."""
    panel.title(look.title).description(look.text).unit(look.unit).no_value(look.nothing)
    panel.span(look.width).height(look.height).mappings(list(look.maps))
    panel.thresholds(thresholds(look.steps)).links([link(*one) for one in look.links])
    if look.decimals is not None:
        panel.decimals(look.decimals)
    if look.low is not None:
        panel.min(look.low)
    if look.high is not None:
        panel.max(look.high)
    stores = {query.store for query in queries}
    mixed = model.DataSourceRef(type_val="datasource", uid="-- Mixed --")
    panel.datasource(mixed if len(stores) > 1 else source(queries[0]))
    for number, query in enumerate(queries):
        panel.with_target(target(chr(ord("A") + number), query))
    for name, colour in look.colours.items():
        panel.override_by_name(name, [fixed(colour)])
    for name, colour in look.alarms.items():
        panel.override_by_name(name, [_steps((*PLAIN, (1, colour)))])
    return panel


def renamed(panel: Panel, t: Language, names: Mapping[str, Word]) -> Panel:
    """Return *panel*, whose series are called by words of the data, as people read them."""
    for word, name in called(t, names).items():
        panel.override_by_name(word, [setting("displayName", name)])
    return panel


def source(query: Query) -> model.DataSourceRef:
    """Return the data source of *query*, by the name of its variable."""
    return Target.source(query.store)


def from_zero(look: Look) -> Look:
    """Return *look* with thresholds from 0 on, so that no value has not the colour of 0."""
    (_, colour), *others = look.steps
    return look if look.steps is PLAIN else replace(look, steps=(PLAIN[0], (0, colour), *others))


def thresholds(steps: Steps) -> builder.ThresholdsConfig:
    """Return *steps*, from below; the first has no value."""
    made = [model.Threshold(value=value, color=colour) for value, colour in steps]
    return builder.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


def fixed(colour: str) -> model.DynamicConfigValue:
    """Return the setting of one colour."""
    return setting("color", {"mode": "fixed", "fixedColor": colour})


def setting(name: str, value: object) -> model.DynamicConfigValue:
    """Return one setting of an override."""
    return model.DynamicConfigValue(id_val=name, value=value)


def _steps(steps: Steps) -> model.DynamicConfigValue:
    made = [{"value": value, "color": colour} for value, colour in steps]
    return setting("thresholds", {"mode": "absolute", "steps": made})


def link(title: str, url: str) -> builder.DashboardLink:
    """Return a link of a panel or a value."""
    return builder.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url)


def one_value(shown: str = "") -> common.ReduceDataOptions:
    """Return how a series becomes one number; *shown* are the fields, all numbers where empty."""
    return common.ReduceDataOptions().values(False).calcs(["last"]).fields(shown)


ANY: Final = "/^(?!Time$).*/"
"""Fields of words too."""


def only(*names: str) -> str:
    """Return a pattern for the fields that are shown, of those that a query gives.

    A query gives one more where its value may be absent: a row that lacks it says that somebody
    looked and could not tell, no row that nobody looked.
    """
    return f"/^({'|'.join(names)})$/"


def tiles(
    look: Look,
    queries: Sequence[Query],
    *,
    background: bool = False,
    names: bool = True,
    strings: bool = False,
    size: int = 0,
    rows: bool = False,
) -> stat.Panel:
    """Return big numbers beside each other, or in *rows*."""
    mode = options.BigValueTextMode
    panel = (
        stat.Panel()
        .reduce_options(one_value(ANY if strings else ""))
        .text_mode(mode.VALUE_AND_NAME if names else mode.VALUE)
        .color_mode(
            options.BigValueColorMode.BACKGROUND
            if background
            else options.BigValueColorMode.NONE
            if strings and not look.colours
            else options.BigValueColorMode.VALUE
        )
        .graph_mode(options.BigValueGraphMode.NONE)
        .justify_mode(options.BigValueJustifyMode.CENTER)
        .orientation(options.VizOrientation.HORIZONTAL if rows else options.VizOrientation.VERTICAL)
    )
    if size:
        panel.text(common.VizTextDisplayOptions().value_size(size).title_size(13))
    return dressed(panel, from_zero(look), queries)


def dial(look: Look, queries: Sequence[Query], shown: str = "") -> gauge.Panel:
    """Return a gauge of the fields *shown*."""
    panel = (
        gauge.Panel()
        .reduce_options(one_value(shown))
        .show_threshold_markers(True)
        .show_threshold_labels(False)
        .text(common.VizTextDisplayOptions().value_size(34))
    )
    return dressed(panel, from_zero(look), queries)


def bars(look: Look, queries: Sequence[Query], shown: str = "") -> bargauge.Panel:
    """Return lying bars of the fields *shown*."""
    panel = (
        bargauge.Panel()
        .reduce_options(one_value(shown))
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .show_unfilled(True)
        .min_viz_height(10)
        .text(common.VizTextDisplayOptions().title_size(13).value_size(12))
    )
    return dressed(panel, from_zero(look), queries)


def curves(
    look: Look,
    queries: Sequence[Query],
    *,
    stacked: bool = False,
    steps: bool = False,
    fill: int | None = None,
    limit_lines: bool = False,
    dashed: Sequence[str] = (),
    columns: bool = False,
) -> timeseries.Panel:
    """Return curves over time; names in *dashed* are what is asked for, not what is measured.

    Series whose names nobody knows beforehand (targets of `ping`, interfaces) get what Grafana
    gives: 9.4 has no shades of one colour.
    """
    line = options.LineInterpolation
    panel = (
        timeseries.Panel()
        .draw_style(options.GraphDrawStyle.BARS if columns else options.GraphDrawStyle.LINE)
        .line_width(1 if stacked else 2)
        .line_interpolation(line.STEP_AFTER if steps else line.LINEAR)
        .fill_opacity(75 if stacked else _fill(look) if fill is None else fill)
        .show_points(options.VisibilityMode.NEVER)
        .span_nulls(HOLDS_MS)
        .gradient_mode(options.GraphGradientMode.NONE)
        .color_scheme(builder.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL).group("A"))
    if limit_lines:
        style = common.GraphThresholdsStyleConfig().mode(options.GraphTresholdsStyleMode.DASHED)
        panel.thresholds_style(style)
    # Whole numbers have ticks between them, which Grafana 9.4 would call by `look.nothing` then.
    dressed(panel, replace(look, decimals=None) if look.unit == "none" else look, queries)
    for name in dashed:
        panel.override_by_name(
            name,
            [
                fixed(palette.REFERENCE),
                setting("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
                setting("custom.fillOpacity", 0),
                setting("custom.stacking", {"mode": "none", "group": ""}),
                setting("custom.drawStyle", "line"),
            ],
        )
    return panel


def _fill(look: Look) -> int:
    # Areas over each other mix their colours.
    return 12 if len(look.colours) == 1 else 0


def _legend() -> common.VizLegendOptions:
    # Without calculations: Grafana 9.4 heads them in English whatever the language.
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(options.LegendDisplayMode.LIST)
        .placement(options.LegendPlacement.BOTTOM)
        .calcs([])
    )


def timeline(look: Look, queries: Sequence[Query]) -> statetimeline.Panel:
    """Return states over time, a row each."""
    panel = (
        statetimeline.Panel()
        .merge_values(True)
        .show_value(options.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(85)
        .line_width(0)
        .legend(_legend())
    )
    dressed(panel, look, queries)
    # The typed builder of this panel lacks it; Grafana 9.4 has it.
    panel.override_by_regexp("/.*/", [setting("custom.spanNulls", HOLDS_MS)])
    return panel


EMPTY: Final = "—"
"""What a cell says that has no value."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One column of a table: by its name in the query, its heading, and how it looks."""

    name: str
    heading: str
    width: int = 0
    maps: Sequence[Mapped] = ()
    unit: str = ""
    decimals: int | None = None
    steps: Steps = ()
    cell: str = ""
    """`color-background` or `color-text`: by threshold or mapping."""
    links: Sequence[tuple[str, str]] = ()
    nothing: str = ""
    align: str = "left"


def text(name: str, heading: str) -> Shown:
    """Return a column of words that a row may lack.

    Where all rows lack it Grafana 9.4 takes it for JSON and shows `null`, unless the cell has a
    kind of its own; and a mapping of what is missing takes every word for it.
    """
    return Shown(name, heading, nothing="—", cell="color-text", steps=((None, palette.REFERENCE),))


def listing(
    look: Look,
    queries: Sequence[Query],
    columns: Sequence[Shown],
    *,
    hidden: Sequence[str] = ("Time",),
    sort: Sequence[tuple[str, bool]] = (),
    limit: int = 0,
    first: Sequence[model.DataTransformerConfig] = (),
) -> tables.Panel:
    """Return a table; *sort* names columns, the most important first, and whether it falls."""
    panel = dressed(tables.Panel(), look, queries).show_header(True)
    for one in first:
        panel.with_transformation(one)
    # Grafana sorts by one, and keeps the order of equals.
    for name, largest in reversed(sort):
        by = {"sort": [{"field": name, "desc": largest}]}
        panel.with_transformation(transformation("sortBy", by))
    if limit:
        panel.with_transformation(transformation("limit", {"limitField": limit}))
    order = {column.name: place for place, column in enumerate(columns)}
    panel.with_transformation(
        transformation("organize", {"excludeByName": {}, "indexByName": order, "renameByName": {}})
    )
    for name in hidden:
        panel.override_by_name(name, [setting("custom.hidden", True)])
    for column in columns:
        panel.override_by_name(column.name, list(_column(column)))
    return panel


def transformation(name: str, how: object) -> model.DataTransformerConfig:
    """Return one step between query and table."""
    return model.DataTransformerConfig(id_val=name, options=how)


def _column(column: Shown) -> list[model.DynamicConfigValue]:
    made = [setting("displayName", column.heading)]
    if column.width:
        made.append(setting("custom.width", column.width))
    if column.maps:
        made.append(setting("mappings", list(column.maps)))
    if column.unit:
        made.append(setting("unit", column.unit))
    if column.decimals is not None:
        made.append(setting("decimals", column.decimals))
    if column.steps:
        made.append(_steps(column.steps))
    if column.cell:
        # The first up to Grafana 9.4, the second from 9.5 on.
        made.append(setting("custom.displayMode", column.cell))
        kind = column.cell
        cell = {"type": kind, "mode": "basic"} if "background" in kind else {"type": kind}
        made.append(setting("custom.cellOptions", cell))
    if column.links:
        made.append(setting("links", [{"title": title, "url": url} for title, url in column.links]))
    # Of the panel it would be what an empty list says, in an empty cell.
    made.append(setting("noValue", column.nothing or EMPTY))
    return [*made, setting("custom.align", column.align)]
