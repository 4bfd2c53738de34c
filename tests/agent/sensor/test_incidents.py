"""One attack is one event; a flood of attacks is bounded."""

from agent.sensor.incidents import MANY, OPEN_MAX, Incident, Incidents, Party, Sign, Stage
from agent.sensor.tables import Bounded, Recent

TEACHER = Party(address=b"\xc0\x00\x02\x10", mac=b"\x02\0\0\0\0\x10", role="inside")


def heard() -> tuple[Incidents, list[tuple[Stage, Incident]]]:
    said: list[tuple[Stage, Incident]] = []
    return Incidents(lambda incident, stage: said.append((stage, incident))), said


def sign(at: float, key: str = "a", **more: object) -> Sign:
    return Sign("port_scan", key, at, int(at), TEACHER, **more)  # type: ignore[arg-type]


def test_an_attack_of_many_signs_begins_once_is_updated_and_ends_once() -> None:
    incidents, said = heard()
    for second in range(300):
        incidents.sign(sign(1000.0 + second))
        incidents.tick(1000.0 + second)
    incidents.tick(1359.0)
    assert [stage for stage, _ in said] == ["begin", "update", "update", "end"]
    last = said[-1][1]
    assert (last.start, last.last, last.count) == (1000.0, 1299.0, 300)
    assert last.numbers[0] == 1000
    assert last.numbers[-1] == 1299


def test_an_attack_that_comes_again_after_its_quiet_time_is_another() -> None:
    incidents, said = heard()
    incidents.sign(sign(1000.0))
    incidents.tick(1059.0)
    assert [stage for stage, _ in said] == ["begin"]
    incidents.tick(1060.0)
    incidents.sign(sign(1061.0))
    incidents.finish()
    assert [stage for stage, _ in said] == ["begin", "end", "begin", "end"]


def test_an_attacker_who_becomes_known_is_told_at_once() -> None:
    incidents, said = heard()
    incidents.sign(Sign("arp_spoof", "gateway", 1000.0, 1, Party(role="inside")))
    incidents.sign(Sign("arp_spoof", "gateway", 1001.0, 2, TEACHER))
    assert [(stage, one.source.mac) for stage, one in said] == [
        ("begin", b""),
        ("update", TEACHER.mac),
    ]


def test_attacks_beyond_the_room_are_one_event_that_names_nobody() -> None:
    incidents, said = heard()
    for number in range(OPEN_MAX + 1000):
        incidents.sign(sign(1000.0, key=str(number)))
    assert len(incidents.open_ones()) == OPEN_MAX + 1
    many = incidents.open_ones()[-1]
    assert (many.key, many.count, many.source) == (MANY, 1000, Party())
    incidents.finish()
    assert len(said) == 2 * (OPEN_MAX + 1)
    incidents.sign(sign(2000.0, key="later"))
    assert said[-1][1].source == TEACHER


def test_a_table_forgets_what_was_not_asked_for_longest_and_counts_it() -> None:
    table = Bounded[int, list[int]](2, list)
    table.of(1).append(1)
    table.of(2)
    table.of(1)
    table.of(3)
    assert [key for key, _ in table.items()] == [1, 3]
    assert table.lost == 1


def test_a_table_that_turns_over_by_design_counts_nothing() -> None:
    table = Bounded[int, list[int]](2, list, turns=True)
    for number in range(9):
        table.of(number)
    assert (len(table), table.lost) == (2, 0)


def test_what_came_lately_is_counted_once_each() -> None:
    recent = Recent[str](10, room=3)
    assert [recent.add(key, at) for at, key in enumerate("aabc")] == [True, False, True, True]
    assert recent.count(10.5) == 3
    assert recent.count(11.5) == 2
    for number in range(100):
        recent.add(str(number), 20.0)
    assert recent.count(20.0) == 3


def test_an_address_is_never_told_with_the_hardware_address_of_another_machine() -> None:
    incidents, _ = heard()
    for target in (TEACHER, Party(address=b"\xc0\x00\x02\x20")):
        incidents.sign(Sign("arp_spoof", "liar", 1000.0, 1, Party(role="inside"), target))
    (one,) = incidents.open_ones()
    assert one.target == Party(address=b"\xc0\x00\x02\x20", role="inside")


def test_an_attack_that_turns_out_to_be_another_goes_on_as_that_with_all_that_is_known() -> None:
    incidents, said = heard()
    for second in range(5):
        incidents.sign(Sign("arp_spoof", "him", 1000.0 + second, second + 1, TEACHER))
    incidents.become("arp_spoof", "gateway_spoof", "him")
    incidents.sign(Sign("gateway_spoof", "him", 1005.0, 6, TEACHER))
    incidents.finish()
    assert [(stage, one.kind, one.became) for stage, one in said] == [
        ("begin", "arp_spoof", ""),
        ("end", "arp_spoof", "gateway_spoof"),
        ("begin", "gateway_spoof", ""),
        ("end", "gateway_spoof", ""),
    ]
    assert [one.evidence.get("goes_on") for _, one in said] == [None, 1, None, None]
    last = said[-1][1]
    assert (last.start, last.last, last.count, last.numbers) == (
        1000.0,
        1005.0,
        6,
        (1, 2, 3, 4, 5, 6),
    )


def test_frames_that_led_to_an_attack_are_named_with_the_one_that_settled_it() -> None:
    incidents, said = heard()
    incidents.sign(sign(30.0, before=(12, 17, 21)))
    incidents.sign(sign(40.0, before=tuple(range(31, 90))))
    assert said[0][1].numbers == (12, 17, 21, 30)
    numbers = incidents.open_ones()[0].numbers
    assert (numbers[:6], len(numbers), numbers[-1]) == ((12, 17, 21, 30, 31, 32), 20, 89)
