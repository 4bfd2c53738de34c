"""What the collector writes of the district that it serves; nothing of this comes from an agent."""

from typing import Final

from core.measurements.base import Field, counts, mbits, measurement

MEASUREMENTS: Final = (
    measurement(
        "school",
        "One school as the live picture and the roster have it: on change, else each 300 s. It "
        "carries no `agent`.",
        {
            "area": "`urban`, `town` or `rural`, as in the roster; else `unknown`",
            "type": "the roster's word for its type; else `unknown`",
        },
        Field("name", "string", "", "its name in the roster, else its code"),
        Field(
            *("state", "string", ""),
            "of its line: `up`, `degraded`, `down`, `unknown`, `stopped` or `never_seen`",
        ),
        Field("cause", "string", "", "why its line is in that state, a word of the live picture"),
        Field(
            *("up", "integer", ""),
            "1 while its line works (up or degraded), 0 while it is down; absent while unknown, "
            "and what was written before does not hold from then on",
            known_by="known",
        ),
        *counts(
            known="1 while `up` is known, else 0",
            counts="1 while it is one of those that a share is a share of: open, else 0",
            school_time="1 while lessons are held, else 0",
            agents="agents that ever reported from it",
            agents_up="of those: that are up",
            agents_unknown="of those: of which nobody can tell",
        ),
        *mbits(
            0,
            contracted_mbps="what the contract promises, by the roster",
            target_mbps="what is to be proven, by the roster",
        ),
        *counts(
            alerts_p1="open alerts of severity P1: act now",
            alerts_p2="of severity P2: within 30 minutes",
            alerts_p3="of severity P3: on the same school day",
            alerts_p4="of severity P4: for the daily digest",
            alerts_muted="open ones that nobody is told of now: silenced, in maintenance, or "
            "waiting for lessons; in no count above",
            alerts_hidden="open ones that another alert explains; in no count above",
            alerts_unacked="of P1 to P4: those that nobody has acknowledged",
            alerts_overdue="open ones on the supervision list",
        ),
        interval_s=60,
    ),
    measurement(
        "alert",
        "Every alert as the page shows it: on change, else each 300 s while it is open, and once "
        "when it ended; in the database of days only that, at its end. The last six digits of a "
        "time are those of its number. It carries no `agent`, no address and no person; no "
        "`school` where it is no school's, and no `region` where it is of no region.",
        {
            "rule": "what tells of it, a word of [alerts.md](alerts.md) or of the district's rules",
            "severity": "`P1` to `P4`",
        },
        Field("number", "integer", "", "its number: `/alerts/NUMBER` is its page"),
        Field(
            *("state", "string", ""),
            "`open`; `silenced` by people, in maintenance or until lessons; `suppressed` by the "
            "alert that explains it; `ended`",
        ),
        Field("title_zh", "string", "", "what it says, in Chinese"),
        Field("title_en", "string", "", "the same in English"),
        Field("place", "string", "", "where, as people call it; empty for all there is"),
        Field("target", "string", "", "what it is about there; empty where there is nothing more"),
        Field("began", "integer", "s", "when it began, since 1970"),
        Field("ended", "integer", "s", "when it ended, since 1970; absent before"),
        Field("kept_zh", "string", "", "what silences or suppresses it, in Chinese, or empty"),
        Field("kept_en", "string", "", "the same in English"),
        Field("acked", "boolean", "", "whether somebody takes care of it"),
        Field(
            *("acked_by", "string", ""),
            "the role of who does; `link` for whoever got the message; empty where nobody does",
        ),
        interval_s=60,
    ),
    measurement(
        "indicator",
        "A target of the district with its counts ([targets.md](targets.md)). It carries no "
        "`school` and no `agent`; `region` is `all` for everything that the collector serves.",
        {
            "indicator": "`I-01` connected, `I-03` availability, `I-04` bandwidth or `I-20` "
            "platforms",
            "area": "`urban`, `town` or `rural`; `all` for every school",
            "window": "`live`: at this moment, or today so far; `day` and `month`: at their start",
        },
        *(
            Field(name, "float", "", meaning)
            for name, meaning in {
                "numerator": "what counts as met: schools, seconds of school time or probes",
                "denominator": "out of how much",
            }.items()
        ),
        Field(
            *("value", "float", "%"),
            "the share, rounded half up to two decimals; absent where completeness is below 90 % "
            "and where the denominator is 0. No database takes a field back, so read it with "
            "`completeness >= 90`: while a window goes on, an earlier value may stand there still",
        ),
        Field("completeness", "float", "%", "known time of the window, or known schools of all"),
        *counts(
            met="schools that meet the target",
            not_met="schools that do not",
            unproven="schools of which nobody can tell",
            total="open schools, teaching points among them: the three together",
        ),
        Field("target", "float", "%", "what is asked for"),
        interval_s=300,
    ),
    measurement(
        "ledger",
        "What the ledger accounts of one agent, each 300 s.",
        {},
        *counts(
            batches="batches that arrived",
            missing="batches that are missing, and nothing explains it",
            explained="batches that are missing for a reason that is known",
            waiting="batches that the agent holds, by its last birth or heartbeat",
        ),
        Field("silent_s", "integer", "s", "since something last came from it"),
        interval_s=300,
    ),
    measurement(
        "room",
        "One room as its devices add up ([rooms.md](rooms.md)): on change, else each 300 s. It "
        "carries no `agent`.",
        {"room": "the room, as the agents' configuration calls it"},
        Field("name", "string", "", "the room as people call it"),
        Field("state", "string", "", "`ready`, `limited`, `not_ready` or `unknown`"),
        Field("cause", "string", "", "why, a word of core/causes; empty while it is ready"),
        Field("device", "string", "", "the device that decides; empty while it is ready"),
        Field(
            *("ready", "integer", ""),
            "1 while a lesson can be held (ready or limited), 0 while it cannot; absent while "
            "unknown, and what was written before does not hold from then on",
            known_by="known",
        ),
        Field(
            *("on", "integer", ""),
            "1 while its projector, panel or display is on, 0 while all of them are off; absent "
            "while nobody can tell",
            known_by="on_known",
        ),
        *counts(
            known="1 while `ready` is known, else 0",
            on_known="1 while `on` is known, else 0",
            devices="its devices",
            devices_ok="of those: that are healthy",
            devices_unknown="of those: of which nobody can tell",
        ),
        interval_s=60,
    ),
    measurement(
        "room_day",
        "One room on one day of the district, at the day's start: minutes, and nobody's name. It "
        "carries no `agent`.",
        {"room": "the room, as the agents' configuration calls it"},
        Field(
            *("on_minutes", "integer", "min"),
            "its projector, panel or display was on, as far as anybody knows",
        ),
        Field(
            *("in_order_minutes", "integer", "min"),
            "of its school time, in which all that a lesson needs was healthy (I-11): sum it over "
            "days and rooms, and divide by the sum of `known_minutes`",
        ),
        Field("known_minutes", "integer", "min", "of its school time of which that is known"),
        Field(
            *("school_minutes", "integer", "min"),
            "of school time so far: with less than 90 % of it known there is no percentage",
        ),
        interval_s=300,
    ),
    measurement(
        "security",
        "Attacks and other security events of one kind at one school ([security.md](security.md)): "
        "on change, else each 300 s while one goes on; one that says 0 ends it. It carries no "
        "`agent`, no address and no MAC.",
        {
            "kind": "what it is, a word of [events.md](events.md)",
            "code": "its `EV-` code",
        },
        *counts(
            active="that go on now",
            began="that began since the point before",
        ),
        Field("severity", "string", "", "`P1` to `P4`"),
        Field(
            *("confidence", "float", "%"),
            "of the surest of those that go on; absent where nobody says",
        ),
        interval_s=60,
    ),
    measurement(
        "security_school",
        "What sensors see of one school: on change, else each 300 s. It carries no `agent`.",
        {},
        Field(
            *("sensor", "string", ""),
            "`sees`, `blind` (it runs and does not see all), `stopped`, `unknown` (nobody can "
            "tell) or `none`: no sensor ever reported. Only `sees` means that silence is good news",
        ),
        *counts(
            active="security events that go on now, of every kind",
            sensors="interfaces that sensors listen on",
            sensors_run="of those: whose sensor runs",
        ),
        interval_s=60,
    ),
)
