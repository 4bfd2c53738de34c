"""What somebody at the demo's desk does next."""

from typing import Any

from collector.trial.desk import RULE, SILENT, next_act


def alert(number: int, *, acked: bool = False, group: str = "open") -> dict[str, Any]:
    labels = {"region": "000000", "school": f"s{number:04}"}
    who = {"by": "演示用户"} if acked else None
    return {"number": number, "rule": RULE, "acked": who, "group": group, "labels": labels}


def test_the_first_is_acknowledged_the_second_silenced_and_then_nothing_is_done() -> None:
    assert next_act([], 0) is None
    first = next_act([alert(2), alert(1)], 0)
    assert first is not None
    assert (first[0], first[1]["number"]) == ("alerts/ack", 1)
    assert next_act([alert(1, acked=True)], 0) is None
    second = next_act([alert(1, acked=True), alert(2)], 7)
    assert second is not None
    assert (second[0], second[1]["school"], second[1]["until"]) == ("silences", "s0002", 7 + SILENT)
    done = [alert(1, acked=True), alert(2, group="muted"), alert(3)]
    assert next_act(done, 0) is None
