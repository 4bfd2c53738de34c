"""No number of a person gets into the spool, whatever device or log said it."""

from contextlib import closing
from pathlib import Path

from agent import conditions
from agent.conditions import Gone, Update
from agent.edge import event_without_persons, reading_without_persons
from agent.spoolfile import open_spool_file
from core.types import Event, Reading
from tests.persons import identity_number, mobile_number

ID, PHONE = identity_number(), mobile_number()


def test_a_reading_without_one_is_the_same_object() -> None:
    reading = Reading("net", {"bytes_recv": int(PHONE), "up": True}, 1, {"interface": "eth0"})
    assert reading_without_persons(reading) is reading
    event = Event("link_down", "switch-2", "port-5", True, 1, None, {"count": int(PHONE)})
    assert event_without_persons(event) is event


def test_texts_and_tags_of_a_reading_are_cleaned() -> None:
    said = Reading("device", {"model": f"Epson {ID}", "alerts": 2}, 1, {"device": PHONE})
    clean = reading_without_persons(said)
    assert clean.fields == {"model": "Epson [id number removed]", "alerts": 2}
    assert clean.tags == {"device": "[phone number removed]"}


def test_events_are_cleaned_before_the_spool_has_them(tmp_path: Path) -> None:
    event = Event(
        "firewall_attack", f"fw {PHONE}", ID, True, 1, None, {"evidence": {"threat": f"by {PHONE}"}}
    )
    path = tmp_path / "spool.db"
    with closing(open_spool_file(path)) as db:
        (began,) = conditions.news(db, [event])
        (more,) = conditions.news(db, [Update(event)])
        assert began == more
        assert PHONE not in repr(began)
        assert ID not in repr(began)
        assert conditions.news(db, [event]) == [], "still the same condition"
        (ended,) = conditions.news(
            db, [Gone("firewall_attack", began.target, lambda _: False, at=2)]
        )
        assert (ended.key, ended.active) == (began.key, False)
        db.commit()
    assert PHONE.encode() not in path.read_bytes()
