"""The answer of `/api/v1/evidence`: whether the audit log can be believed.

Watch it: curl -s http://127.0.0.1:8480/api/v1/evidence | python -m json.tool
"""

from collections.abc import Mapping
from typing import Annotated, get_args

import msgspec
from msgspec import Meta

from collector.evidence.health import NOTHING
from collector.evidence.view import Evidence, State
from collector.web.fields import At, Count, Ns, when
from core.clock import rfc3339

StateOf = Annotated[
    str,
    Meta(
        description="`young`: nothing is wrong, but 184 days are not over; `unknown` is not good",
        extra_json_schema={"enum": list(get_args(State))},
    ),
]


class EvidenceAnswer(msgspec.Struct, frozen=True):
    """Each figure of the log and a word for it; times and sizes are 0 where they are not known.

    `witnesses` counts who holds a checkpoint by what it is to the log, or as `silent` where it
    agreed and its agent was not heard for over seven days; `sources` the open alerts
    about logs that other devices keep. `problem` says why the log cannot be read, `writing` why it
    cannot be written, `signing` why no checkpoint is signed.
    """

    at: At
    at_ns: Ns
    states: Mapping[str, StateOf]
    rows: Count
    oldest: At | None
    oldest_ns: Ns
    oldest_row: Count
    checkpoint: At | None
    checkpoint_ns: Ns
    checkpoint_rows: Count
    sealed_segments: Count
    witnesses: Mapping[str, Count]
    sources: Mapping[str, Count]
    problem: str
    writing: str
    signing: str


def answered(view: Evidence) -> EvidenceAnswer:
    """Return the answer that *view* is."""
    log = view.log or NOTHING
    return EvidenceAnswer(
        at=rfc3339(view.at),
        at_ns=view.at,
        states=view.states(),
        rows=log.rows,
        oldest=when(log.oldest_at),
        oldest_ns=log.oldest_at,
        oldest_row=log.oldest_row,
        checkpoint=when(log.checkpoint_at),
        checkpoint_ns=log.checkpoint_at,
        checkpoint_rows=log.checkpoint_size,
        sealed_segments=log.sealed_segments,
        witnesses=view.witnesses,
        sources=view.sources,
        problem=view.trouble,
        writing=view.writing,
        signing=log.stopped,
    )
