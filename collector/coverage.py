"""Which record every act of a person leaves, and why some leave none (GB/T 22239, 8.1.4.3 a; R-41).

The one place that says it. A test fails for an address or a command that is not here, and another
does each act and finds its row.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.alerts import Text

TABLE: Final = Path(__file__)
"""This file, whose digest the self-check gives."""


@dataclass(frozen=True, slots=True)
class Covered:
    """The kinds of rows that an act leaves; where there is none, `why`."""

    kinds: tuple[str, ...] = ()
    why: Text | None = None


def _rows(*kinds: str) -> Covered:
    return Covered(kinds)


def _none(zh: str, en: str) -> Covered:
    return Covered(why=Text(zh, en))


PAGE: Final = _none(
    "只展示现状，不改动，也不给出文件", "shows what is; changes nothing, and gives no file away"
)
API: Final = _none(
    "与页面相同的内容，供程序每几秒读取",
    "what the pages show, for programs that ask each few seconds",
)
HASHES: Final = _none(
    "只有散列值和签名，供见证方核对，看不出任何一条记录",
    "hashes and signatures, for witnesses; no record can be told from one",
)
HEALTH: Final = _none("供监控程序查看，不改动", "for programs that watch; changes nothing")
FORM: Final = _none(
    "只显示表单，提交时才记录", "shows a form; what comes of it is recorded when it is sent"
)
LOOK: Final = _none(
    "只读取文件或询问监测中心，不改动", "reads files or asks the collector; changes nothing"
)
COMMAND: Final = _rows("command_run")

ROUTES: Final[dict[str, Covered]] = {
    # Acts.
    "POST /sign-in": _rows("signed_in", "sign_in_failed", "sign_in_locked"),
    "POST /sign-out": _rows("signed_out"),
    "POST /alerts/{number}/ack": _rows("alert_acknowledged", "act_refused"),
    "POST /alerts/{number}/undo": _rows("alert_ack_undone", "act_refused"),
    "POST /alerts/{number}/stage": _rows("alert_handled", "act_refused"),
    "POST /alerts/{number}/silence": _rows("silence_made", "act_refused"),
    "POST /silences/{number}/end": _rows("silence_ended", "act_refused"),
    "POST /incidents/{number}/confirm": _rows("incident_confirmed", "act_refused"),
    "POST /incidents/{number}/reported": _rows("incident_reported", "act_refused"),
    "POST /incidents/{number}/close": _rows("incident_closed", "act_refused"),
    "POST /ack/{token}": _rows("alert_acknowledged"),
    "POST /api/v1/alerts/ack": _rows("alert_acknowledged", "act_refused", "sign_in_failed"),
    "POST /api/v1/silences": _rows("silence_made", "act_refused", "sign_in_failed"),
    "POST /api/v1/silences/end": _rows("silence_ended", "act_refused", "sign_in_failed"),
    # What gives something away.
    "GET /supervision.csv": _rows("exported"),
    "GET /incidents/{number}": _rows("exported"),
    # Reading.
    "GET /": PAGE,
    "GET /schools/{region}/{school}": PAGE,
    "GET /schools/{region}/{school}/rooms/{room}": PAGE,
    "GET /schools/{region}/{school}/{agent}": PAGE,
    "GET /alerts": PAGE,
    "GET /alerts/{number}": PAGE,
    "GET /security": PAGE,
    "GET /unconnected": PAGE,
    "GET /supervision": PAGE,
    "GET /ledger": PAGE,
    "GET /silences": PAGE,
    "GET /incidents": PAGE,
    "GET /evidence": PAGE,
    "GET /static": PAGE,
    "GET /sign-in": FORM,
    "GET /ack/{token}": FORM,
    "GET /api/v1/live": API,
    "GET /api/v1/agents": API,
    "GET /api/v1/rooms": API,
    "GET /api/v1/alerts": API,
    "GET /api/v1/security": API,
    "GET /api/v1/incidents": API,
    "GET /api/v1/unconnected": API,
    "GET /api/v1/supervision": API,
    "GET /api/v1/targets": API,
    "GET /api/v1/ledger": API,
    "GET /api/v1/latest": API,
    "GET /api/v1/series": API,
    "GET /api/v1/canary": API,
    "GET /api/v1/channels": API,
    "GET /api/v1/dropped": API,
    "GET /api/v1/evidence": API,
    "GET /api/v1/audit/checkpoint": HASHES,
    "GET /api/v1/audit/consistency": HASHES,
    "GET /api/v1/audit/inclusion": HASHES,
    "GET /api/v1/audit/witnesses": API,
    "GET /audit/checkpoint": HASHES,
    "GET /audit/keys": HASHES,
    "GET /audit/statements": HASHES,
    "GET /audit/tile/{path}": HASHES,
    "GET /api/v1/openapi.json": API,
    "GET /healthz": HEALTH,
    "GET /readyz": HEALTH,
    "GET /metrics": HEALTH,
}
"""By method and address, as the application has them."""

COMMANDS: Final[dict[str, Covered]] = {
    "accounts add": COMMAND,
    "accounts passwd": COMMAND,
    "collector backup": _rows("backup_made"),
    "collector rollup": COMMAND,
    "collector run": _rows("collector_started", "config_changed", "took_over"),
    "deploy agent": COMMAND,
    "deploy init": COMMAND,
    "deploy renew": COMMAND,
    "deploy revoke": COMMAND,
    "deploy store": COMMAND,
    "deploy upgrade": COMMAND,
    "notify test": COMMAND,
    "store init": COMMAND,
    "audit acknowledge": _rows("witness_acknowledged"),
    "audit copy": _rows("backup_made"),
    "audit drill": _rows("restore_drilled"),
    "audit export": _rows("audit_exported"),
    "audit prove": _rows("audit_queried"),
    "audit report": _rows("report_made"),
    "audit rotate-key": _rows("command_run", "audit_key"),
    "audit scan": _rows("privacy_scanned"),
    "audit search": _rows("audit_queried"),
    "up": _rows("collector_started"),
    "accounts check": LOOK,
    "accounts list": LOOK,
    "audit compare": _none(
        "在审计主机上，核对它自己的文件", "on the auditor's host, of files that it holds"
    ),
    "audit key": LOOK,
    "audit verify": _none(
        "只说明日志是否完整，不给出内容", "says whether the log is whole; gives nothing of it out"
    ),
    "audit witness": _none(
        "在审计主机上，只取散列值和签名", "on the auditor's host; takes hashes and signatures alone"
    ),
    "calendar check": LOOK,
    "calendar show": LOOK,
    "collector watch": _none(
        "监测中心旁的看门狗程序；它的探测是一条读数",
        "a program beside the collector; its canary is a reading",
    ),
    "completion": LOOK,
    "deploy list": LOOK,
    "ledger": LOOK,
    "notify list": LOOK,
    "roster check": LOOK,
    "routes check": LOOK,
    "routes show": LOOK,
    "rules check": LOOK,
    "rules list": LOOK,
    "rules test": LOOK,
    "status": LOOK,
    "store check": _none(
        "写入一条自己的读数并读回", "writes one reading of its own to see that it can be read back"
    ),
}
"""By their words after `schoolwatch`."""

BY_ITSELF: Final[dict[str, tuple[str, ...]]] = {
    "a file of the configuration is taken over or refused": (
        "config_taken",
        "config_unreadable",
        "config_changed",
    ),
    "the list of schools is taken over": (
        "roster_taken",
        "roster_rows_refused",
        "roster_unreadable",
    ),
    "an agent is seen for the first time": ("agent_enrolled",),
    "something is missing from the ledger": ("unexplained_gap", "batches_dropped"),
    "data is deleted, for it is older than it is kept for": ("retention_done",),
    "the audit log stops, or goes on": ("audit_stopped",),
    "the database is set back": ("restored", "store_went_back"),
    "an alert begins or ends, people are told of it, and a channel takes that or does not": (
        *("alert_raised", "alert_told", "alert_delivered"),
    ),
    "nobody acknowledges an alert, or it is due": ("escalated", "reminded", "supervised"),
    "what was escalated, reminded of or supervised is over": ("follow_up_closed",),
}
"""What leaves a row without anybody's address or command: a file that was edited, or time."""
