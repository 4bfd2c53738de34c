"""What agent, collector and watchdog tell of themselves."""

from typing import Final

from core.measurements.base import Field, byte_counts, counts, measurement

MEASUREMENTS: Final = (
    measurement(
        "agent",
        "The agent's heartbeat and what it knows about itself, each minute.",
        {},
        Field("version", "string", "", "version of the program"),
        *counts(
            uptime_s="seconds since the agent started",
            probe_errors="rounds of probes that failed since the agent started",
            probe_overruns="rounds left out since the round before was still running",
            readings_refused="readings that could not be encoded since the agent started",
            persons_removed="readings in whose texts an identity or phone number was; taken out",
            spool_batches="batches that wait for a receipt",
            batches_dropped="batches dropped since the agent started",
            hints="traps and lines of syslog that had devices looked at; absent where none listens",
            hints_refused="what else came there: malformed, from elsewhere, or too much of it",
        ),
        *byte_counts(spool_bytes="bytes that wait for a receipt"),
        Field("clock_offset_ms", "float", "ms", "how far the machine's clock is off, if known"),
        interval_s=60,
    ),
    measurement(
        "audit_log",
        "Whether the audit log can be believed, each minute. What is not known is absent.",
        {"collector": "the collector's id"},
        *counts(
            rows="records there are",
            signed_rows="of these: covered by the newest checkpoint",
            checkpoint_age_s="seconds since a checkpoint was signed",
            oldest_age_s="age of the oldest record that can be read, in seconds",
            sealed="files of past days that are sealed",
            witnesses_agree="agents that hold a checkpoint which the log continues",
            witnesses_differ="agents that hold one which it does not, or more than there is",
            sources_wrong="open alerts about logs that other devices keep",
            sources_silent="of these: nothing comes any more",
        ),
        Field("written", "boolean", "", "false while it cannot be written"),
        Field("signs", "boolean", "", "false once nothing is signed any more"),
        interval_s=60,
    ),
    measurement(
        "canary",
        "What the watchdog sends each minute, to see whether it comes out again.",
        {},
        *counts(number="the number of this canary"),
        interval_s=60,
    ),
    measurement(
        "collector",
        "What the collector did since it started, each minute.",
        {"collector": "the collector's id"},
        *counts(
            messages="MQTT messages taken in",
            batches="batches received for the first time",
            repeated="batches that came again",
            lines_stored="lines that the store took",
            lines_refused="lines in the dead-letter file",
            dead_letters="messages in the dead-letter file",
            refused_tags="lines refused, since their sender makes too many series",
            quarantined="senders at this moment whose lines are refused for that",
            ready="1 while batches can be stored, else 0",
            backlog_batches="batches that agents hold, by their last births and heartbeats",
            dropped="batches that agents gave up before they could be sent, as they say",
            alerts_elsewhere="open alerts of a whole region, of all or of the collector itself, "
            "which no `school` counts; without those that nobody is told of",
            channels_failing="channels of alerts that take no message now",
        ),
        Field("store_ms", "float", "ms", "how long the last small write to the store took"),
        interval_s=60,
    ),
    measurement(
        "event",
        "Every event that the collector has taken in, but that an alert began, ended or was told, "
        "which is in `alert`; the last six digits of its time are those of its row. Those of the "
        "collector itself carry `collector`, and `region` and `school` where they are about one.",
        {
            "kind": "what happened, a word of docs/events.md; `other` for one that is not there",
            "code": "its `EV-` code",
            "collector": "the collector's id, for events of its own",
        },
        Field("word", "string", "", "what happened, as the agent called it"),
        Field("active", "boolean", "", "true when it began or happened, false when it ended"),
        Field("severity", "string", "", "P1 to P4, by the table of kinds"),
        Field("target", "string", "", "what it happened to"),
        Field("subject", "string", "", "which part of that"),
        *counts(row="its row in the collector's database and audit log"),
    ),
)
