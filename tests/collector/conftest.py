"""What any test of the collector records is valid by the schema of the audit log."""

from typing import Any

import pytest

from collector import eventbatch, journal
from collector.auditrecord import body_of
from core.kinds import KINDS
from core.types import Event
from tests.collector.auditlines import valid_body


@pytest.fixture(autouse=True)
def _records_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    def checked(event: Event, **marks: Any) -> bytes:
        body = body_of(event, **marks)
        valid_body(body)
        return body

    def known(event: Event, **marks: Any) -> bytes:
        assert event.kind in KINDS, f"core/kinds.py lacks {event.kind}"
        return checked(event, **marks)

    monkeypatch.setattr(journal, "body_of", known)
    monkeypatch.setattr(eventbatch, "body_of", checked)
