"""The classrooms of a school: can the next lesson be taught, and if not, what is it."""

from typing import Final

from grafana_foundation_sdk.builders import (
    bargauge,
    dashboard,
    stat,
    statetimeline,
    table,
    timeseries,
)

from grafana import palette, ways, words
from grafana.frame import board as frame
from grafana.frame import to_board, to_row
from grafana.influxql import (
    JUST_NOW,
    ROOM,
    SCHOOL,
    Column,
    Query,
    last,
    latest,
    over_time,
    quoted,
    totals,
    within,
)
from grafana.language import Language
from grafana.panels import Look, Shown, bars, curves, listing, text, tiles, timeline

BY_ROOM: Final = ("region", "school", "room")


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "room",
        t("多媒体教室", "Classrooms"),
        t(
            "一所学校的教室：下一节课能不能上，不能上是哪台设备、先试什么。",
            "The classrooms of one school: can the next lesson be taught, and if not, what is it.",
        ),
        begin="now-7d",  # what is used is counted by days
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    made.with_panel(_counts(t)).with_panel(listed(t, ROOM, 18, 9, ways.to_school(t)))
    made.with_row(dashboard.Row(t("教室里的设备", "Devices of the rooms")))
    made.with_panel(_devices(t)).with_panel(_apart(t))
    made.with_row(dashboard.Row(t("变化", "Over time")))
    made.with_panel(_history(t)).with_panel(_of_devices(t))
    made.with_row(dashboard.Row(t("使用", "Use")))
    made.with_panel(_order(t)).with_panel(_week(t))
    return made.with_panel(_use(t)).with_panel(_lamps(t))


def _down(t: Language) -> tuple[str, str]:
    return t("查看设备", "The devices"), to_board(t, "device")


def _none(t: Language) -> str:
    return t("没有配置教室设备", "no room is configured")


def _counts(t: Language) -> stat.Panel:
    ready, known, rooms = t("可以上课", "ready"), t("状态已知", "known"), t("教室总数", "rooms")
    about = f'FROM "room" WHERE {JUST_NOW} AND {ROOM} GROUP BY {", ".join(quoted(BY_ROOM))}'
    return tiles(
        Look(
            t("能上课的教室", "Rooms that are ready"),
            t(
                "可以上课（含有小问题但能上的）、状态已知和全部教室的数量。前两个数不相等，"
                "说明有教室不能上课：看右边的列表。状态已知少于总数，先看采集端和线路。",
                "Rooms that are ready (also with limits), known, and all. Where the first two "
                "differ, some are not ready: the list says which. Fewer known than all: look at "
                "the agent and the line first.",
            ),
            "none",
            _none(t),
            width=6,
            height=9,
            decimals=0,
            links=[ways.to_school(t)],
            colours={ready: palette.UP, known: palette.NEUTRAL, rooms: palette.NEUTRAL},
        ),
        [
            *totals("room", [last("ready", ready), last("known", known)], ROOM, by=BY_ROOM),
            Query(f'SELECT count("n") AS "{rooms}" FROM (SELECT last("known") AS "n" {about})'),
        ],
        size=34,
        rows=True,
    )


def listed(t: Language, where: str, width: int, height: int, link: tuple[str, str]) -> table.Panel:
    """Return the rooms of *where* as a table, which the dashboard of the school has too."""
    fields = (
        "name",
        "state",
        "device",
        "cause",
        "devices",
        "devices_ok",
        "devices_unknown",
        "ready",
    )
    return listing(
        Look(
            t("教室，最需要处理的在前", "Rooms, the worst first"),
            t(
                "“不能上课”的教室先处理：看是哪台设备、什么原因。“未知”不等于故障，"
                "先看采集端和线路。待机、预热、冷却都是正常的。",
                "Look after rooms that are not ready first: which device, and why. Unknown is no "
                "fault: look at the agent and the line. Standby, warming and cooling are fine.",
            ),
            "none",
            _none(t),
            width=width,
            height=height,
            links=[link],
        ),
        [latest("room", [last(one) for one in fields], where, by=BY_ROOM)],
        [
            Shown(
                "room",
                t("教室", "Room"),
                90,
                links=[(t("只看这间", "This one"), to_row(t, "room", "room"))],
            ),
            Shown("name", t("名称", "Name")),
            Shown(
                *("state", t("结论", "Verdict"), 170, [words.mapped(t, words.ROOM_STATES)]),
                cell="color-background",
            ),
            text("device", t("设备", "Device")),
            Shown(
                *("cause", t("原因", "Cause"), 0),
                [words.mapped(t, words.DEVICE_CAUSES, coloured=False)],
            ),
            Shown("devices", t("设备数", "Devices"), 80, decimals=0),
            Shown("devices_ok", t("正常", "Fine"), 80, decimals=0),
            Shown("devices_unknown", t("未知", "Unknown"), 80, decimals=0),
        ],
        hidden=("Time", "region", "school", "ready"),
        # A field that is absent sorts last: 0 before 1 before unknown.
        sort=[("ready", False), ("devices_ok", False)],
    )


def _devices(t: Language) -> table.Panel:
    fields = ("name", "state", "cause", "essential", "on", "model", "answer_ms")
    return listing(
        Look(
            t("教室里的设备", "Devices in the rooms"),
            t(
                "每台设备最后一次查询的结果。红色请处理；紫色是无法判断，"
                "多半是交换机、线路或采集端的问题。点设备查看详情。",
                "Each device as it was asked last. Red: act. Violet: nobody can tell, mostly the "
                "switch, the line or the agent. Follow a device for more.",
            ),
            "none",
            t("没有配置教室设备", "no device is configured"),
            width=24,
            height=9,
            links=[_down(t)],
        ),
        [
            latest(
                "device",
                [last(one) for one in fields],
                f"{ROOM} AND \"room\" != ''",
                by=("region", "school", "room", "device", "kind"),
            )
        ],
        _columns(t, "room", "device", "kind", *fields),
        hidden=("Time", "region", "school"),
        sort=[("room", False), ("device", False)],
    )


def _apart(t: Language) -> table.Panel:
    fields = ("name", "state", "cause", "model", "answer_ms")
    return listing(
        Look(
            t("不在教室里的设备", "Devices outside rooms"),
            t(
                "交换机、无线、不间断电源、打印机等。交换机中断会让一片教室变成未知：先恢复它。",
                "Switches, wireless, UPS, printers. A switch that is down makes rooms unknown: "
                "bring it back first.",
            ),
            "none",
            t("没有配置这类设备", "none is configured"),
            width=24,
            height=7,
            links=[_down(t)],
        ),
        [
            latest(
                "device",
                [last(one) for one in fields],
                f"{SCHOOL} AND \"room\" = ''",
                by=("region", "school", "device", "kind"),
            )
        ],
        _columns(t, "device", "kind", *fields),
        hidden=("Time", "region", "school"),
    )


def _columns(t: Language, *names: str) -> list[Shown]:
    """Return columns of a list of devices."""
    known = [
        Shown("room", t("教室", "Room"), 90),
        Shown(
            *("device", t("设备", "Device")),
            links=[(t("打开", "Open"), to_row(t, "device", "device"))],
        ),
        Shown(
            *("kind", t("种类", "Kind"), 0),
            [words.mapped(t, words.DEVICE_KINDS, coloured=False)],
        ),
        Shown("name", t("名称", "Name")),
        Shown(
            *("state", t("状态", "State"), 140, [words.mapped(t, words.DEVICE_STATES)]),
            cell="color-background",
        ),
        Shown(
            *("cause", t("原因", "Cause"), 0),
            [words.mapped(t, words.DEVICE_CAUSES, coloured=False)],
        ),
        Shown(
            "essential",
            t("上课必需", "Essential"),
            90,
            [words.mapped(t, words.YES)],
            nothing="—",
        ),
        Shown("on", t("开机", "On"), 80, [words.mapped(t, words.YES)], nothing="—"),
        text("model", t("型号", "Model")),
        Shown("answer_ms", t("应答", "Answer"), 80, unit="ms", decimals=0, nothing="—"),
    ]
    by_name = {column.name: column for column in known}
    return [by_name[name] for name in names]


def _history(t: Language) -> statetimeline.Panel:
    return timeline(
        Look(
            t("教室状态的变化", "Rooms over time"),
            t(
                "每间教室一行：绿色可以上课，橙色有问题但能上，红色不能上课，紫色未知。"
                "同一时刻许多行一起变紫，是交换机、线路或采集端。",
                "A row for each room: green ready, orange with limits, red not ready, violet "
                "unknown. Many turning violet at once: the switch, the line or the agent.",
            ),
            "string",
            ways.nothing(t),
            width=24,
            height=9,
            maps=[words.mapped(t, words.ROOM_STATES)],
            links=[ways.to_school(t)],
        ),
        over_time("room", [last("state")], ROOM, by=("room",), alias="$tag_room"),
    )


def _of_devices(t: Language) -> statetimeline.Panel:
    return timeline(
        Look(
            t("设备状态的变化", "Devices over time"),
            t(
                "每台设备一行。上课时间里的红色值得查；下班后的待机是正常的。",
                "A row for each device. Red within lessons is worth a look; standby afterwards is "
                "as it should be.",
            ),
            "string",
            ways.nothing(t),
            width=24,
            height=9,
            maps=[words.mapped(t, words.DEVICE_STATES)],
            links=[_down(t)],
        ),
        over_time("device", [last("state")], ROOM, by=("device",), alias="$tag_device"),
    )


def _order(t: Language) -> bargauge.Panel:
    sums = ", ".join(f'sum("{one}_minutes") AS "{one}"' for one in ("in_order", "known", "school"))
    inner = f'SELECT {sums} FROM "room_day" WHERE $timeFilter AND {ROOM} GROUP BY "room"'
    return bars(
        Look(
            t("完好率", "In good order"),
            t(
                "所选范围内，上课时间里上课必需的设备都正常的比例，只按已知的时间计算；"
                "已知时间不足 90 % 的教室不显示。低于 95 % 的教室请检查设备。",
                "Of school time in the range, the share in which all that a lesson needs was well, "
                "out of what is known; rooms with less than 90 % known are left out. Below 95 %: "
                "look after its devices.",
            ),
            "percent",
            t("已知时间不足", "too little is known"),
            steps=((None, palette.DOWN), (95, palette.UP)),
            width=6,
            height=9,
            decimals=1,
            low=0,
            high=100,
            links=[ways.to_school(t)],
        ),
        [
            Query(
                f'SELECT 100 * "in_order" / "known" AS "share" FROM ({inner})'
                ' WHERE "known" >= 0.9 * "school" GROUP BY "room"',
                "daily",
                alias="$tag_room",
            )
        ],
    )


def _week(t: Language) -> bargauge.Panel:
    return bars(
        Look(
            t("近 7 天开机时间", "Minutes on, of 7 days"),
            t(
                "每间教室的大屏或投影机 7 天里开机的分钟数，只有总数，不记录谁在用、用来做什么。"
                "接近 0 的教室：设备在，但没有用起来。",
                "Minutes of 7 days that panel or projector of each room were on: sums, never who "
                "or what for. Near 0: it is there, but not used.",
            ),
            t("suffix: 分钟", "suffix: min"),
            t("还没有记录", "nothing was recorded yet"),
            steps=((None, palette.NEUTRAL), (60, palette.FIRST)),
            width=6,
            height=9,
            decimals=0,
            low=0,
            links=[ways.to_school(t)],
        ),
        [
            Query(
                f'SELECT sum("on_minutes") AS "minutes" FROM "room_day" WHERE {within("7d")}'
                f' AND {ROOM} GROUP BY "room"',
                "daily",
                alias="$tag_room",
            )
        ],
    )


def _use(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("每天开机时间", "Minutes on, by day"),
            t(
                "所选范围内每天开机的分钟数，要看到变化请选 7 天以上。周末和假期应当是 0："
                "不是 0 就是忘了关。",
                "Of each day in the range: choose a week or more. Weekends and holidays should be "
                "0, else somebody forgot to switch it off.",
            ),
            t("suffix: 分钟", "suffix: min"),
            t("这段时间没有记录", "nothing was recorded in this range"),
            width=6,
            height=9,
            decimals=0,
            low=0,
            links=[ways.to_school(t)],
        ),
        [
            Query(
                f'SELECT "on_minutes" FROM "room_day" WHERE $timeFilter AND {ROOM} GROUP BY "room"',
                "daily",
                alias="$tag_room",
            )
        ],
        stacked=True,
        columns=True,
    )


def _lamps(t: Language) -> timeseries.Panel:
    return curves(
        Look(
            t("灯泡时间", "Lamp hours"),
            t(
                "每台投影机灯泡已经点亮的小时数。超过说明书上的寿命（多为 2000 至 4000 小时）"
                "请备好灯泡。",
                "Hours that the lamp of each projector has burned. Beyond what its manual says "
                "(mostly 2,000 to 4,000) have a new one ready.",
            ),
            t("suffix: 小时", "suffix: h"),
            t("没有报告灯泡时间的设备", "no device tells its lamp hours"),
            width=6,
            height=9,
            decimals=0,
            low=0,
            links=[_down(t)],
        ),
        over_time(
            "device", [Column("lamp_h", "lamp", "max")], ROOM, by=("device",), alias="$tag_device"
        ),
    )
