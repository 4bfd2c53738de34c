"""Whether the audit log can be believed: how far it goes back, who signed, who agrees."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard, stat, timeseries

from core.law import LOG_DAYS
from grafana import palette
from grafana.frame import board as frame
from grafana.frame import to_board
from grafana.influxql import COLLECTORS, Column, last, latest, over_time
from grafana.language import Language
from grafana.panels import Look, Steps, curves, tiles

DAY_S: Final = 86_400


def board(t: Language) -> dashboard.Dashboard:
    """Return it."""
    made = frame(
        t,
        "evidence",
        t("审计日志", "Audit log"),
        t(
            "审计日志能否写入、留存多久、最近一次签名、有多少见证方一致、哪些日志来源中断。自查，不是测评。",
            "Is the audit log written, how far does it go back, when was it signed, how many "
            "witnesses agree, which sources are silent. The system's own check, no assessment.",
        ),
    )
    made.with_row(dashboard.Row(t("此刻", "Now")))
    for panel in (_oldest(t), _signed(t), _agree(t), _differ(t), _silent(t), _sealed(t)):
        made.with_panel(panel)
    made.with_row(dashboard.Row(t("变化", "Over time")))
    return made.with_panel(_rows(t)).with_panel(_ages(t)).with_panel(_witnesses(t))


def _home(t: Language) -> list[tuple[str, str]]:
    return [(t("监测系统自身", "The monitoring itself"), to_board(t, "health"))]


def _tile(
    t: Language, said: tuple[str, str], column: Column, steps: Steps, unit: str = "none"
) -> stat.Panel:
    look = Look(
        *(*said, unit, t("监测中心没有上报", "the collector says nothing"), steps),
        width=4,
        height=5,
        decimals=0,
        links=_home(t),
    )
    return tiles(look, [latest("audit_log", [column], COLLECTORS)], names=False, size=40)


def _oldest(t: Language) -> stat.Panel:
    return _tile(
        t,
        (
            t("最早的记录（天）", "Oldest record (days)"),
            t(
                f"审计日志能查到多少天以前。法律要求不少于 {LOG_DAYS} 天；"
                "新投用的系统还没有满，不算不合格，"
                "网页“审计日志”会说明是否少了记录。",
                f"How many days the audit log goes back: the law asks for {LOG_DAYS}. A young "
                "system has not got there yet; the page about the log says whether records are "
                "missing.",
            ),
        ),
        last("oldest_age_s", "days", f"floor({{}} / {DAY_S})"),
        ((None, palette.DEGRADED), (LOG_DAYS, palette.UP)),
    )


def _signed(t: Language) -> stat.Panel:
    return _tile(
        t,
        (
            t("距上次签名", "Since the last signature"),
            t(
                "日志每分钟签名一次。超过 10 分钟没有签名，请看网页“审计日志”上的原因，"
                "不要动 audit 目录。",
                "The log is signed each minute. For longer than 10 minutes: see why on the page "
                "about the audit log, and leave the folder audit alone.",
            ),
        ),
        last("checkpoint_age_s"),
        ((None, palette.UP), (300, palette.DEGRADED), (600, palette.DOWN)),
        "s",
    )


def _agree(t: Language) -> stat.Panel:
    return _tile(
        t,
        (
            t("一致的见证方", "Witnesses that agree"),
            t(
                "保存着签名并与日志一致的采集端数。"
                "0 表示没有他人能证明日志没有被改写：请升级采集端。",
                "Agents that hold a signature which agrees with the log. With 0 nobody else can "
                "prove that it was not rewritten: upgrade agents.",
            ),
        ),
        last("witnesses_agree"),
        ((None, palette.DEGRADED), (1, palette.UP)),
    )


def _differ(t: Language) -> stat.Panel:
    return _tile(
        t,
        (
            t("不一致的见证方", "Witnesses that do not agree"),
            t(
                "不为 0：日志可能被改写、截短，或从旧备份恢复。请立即告知审计员，保留现场。",
                "Any: the log may have been rewritten, cut, or put back from an old backup. Tell "
                "the auditor now, and leave everything as it is.",
            ),
        ),
        last("witnesses_differ"),
        ((None, palette.UP), (1, palette.DOWN)),
    )


def _silent(t: Language) -> stat.Panel:
    return _tile(
        t,
        (
            t("中断的来源", "Silent sources"),
            t(
                "多少台防火墙或上网行为管理设备的日志没有到达。请看告警里是哪所学校。",
                "Firewalls and the like of which no log arrives. The alerts name the schools.",
            ),
        ),
        last("sources_silent"),
        ((None, palette.UP), (1, palette.DEGRADED)),
    )


def _sealed(t: Language) -> stat.Panel:
    return _tile(
        t,
        (
            t("已封存的日志文件", "Sealed files"),
            t(
                "过去的每一天一个文件，封存后压缩、留存校验值。连续几天不增加，请看监测中心的日志。",
                "One for each day that is over, packed, its digest recorded. Where it does not "
                "grow for days, see what the collector logs.",
            ),
        ),
        last("sealed"),
        ((None, palette.UP),),
    )


def _curves(look: Look, names: dict[str, str], form: str = "{}") -> timeseries.Panel:
    columns = [last(field, shown, form) for field, shown in names.items()]
    return curves(look, over_time("audit_log", columns, COLLECTORS))


def _rows(t: Language) -> timeseries.Panel:
    names = {"rows": t("记录", "records"), "signed_rows": t("已签名", "signed")}
    return _curves(
        Look(
            t("记录数", "Records"),
            t(
                "只增不减。两条线应当重合；已签名的不再增加，说明签名停了。",
                "It only ever grows. Both lines are one: where the signed ones no longer grow, "
                "signing has stopped.",
            ),
            "none",
            t("监测中心没有上报", "the collector says nothing"),
            decimals=0,
            links=_home(t),
            colours=dict(zip(names.values(), (palette.FIRST, palette.SECOND))),
        ),
        names,
    )


def _ages(t: Language) -> timeseries.Panel:
    names = {"oldest_age_s": t("最早的记录", "oldest record")}
    return _curves(
        Look(
            t("能查到多久以前", "How far it goes back"),
            t(
                f"应当每天长一天，直到留存期。突然变短说明记录被删除；"
                f"低于 {LOG_DAYS} 天的老系统不合规。",
                f"A day longer each day, up to what is kept. A fall: records were taken away. A "
                f"system that ran for longer must not be below {LOG_DAYS} days.",
            ),
            "d",
            t("监测中心没有上报", "the collector says nothing"),
            low=0,
            links=_home(t),
            colours=dict.fromkeys(names.values(), palette.FIRST),
        ),
        names,
        f"{{}} / {DAY_S}",
    )


def _witnesses(t: Language) -> timeseries.Panel:
    names = {
        "witnesses_agree": t("一致", "agree"),
        "witnesses_differ": t("不一致", "do not agree"),
    }
    return _curves(
        Look(
            t("见证方", "Witnesses"),
            t(
                "保存着日志签名的采集端。一致的突然变少：采集端掉线不会使它变少，请查是谁换了数据。",
                "Agents that hold the log's signatures. Those that are off count on: where fewer "
                "agree all at once, somebody exchanged what is there.",
            ),
            "none",
            t("监测中心没有上报", "the collector says nothing"),
            width=24,
            decimals=0,
            low=0,
            links=_home(t),
            colours=dict(zip(names.values(), (palette.UP, palette.DOWN))),
        ),
        names,
    )
