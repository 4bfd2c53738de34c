"""Whether an interface sees the whole network, told by the share of frames for others."""

from agent.sensor.census import ROOM, Census
from agent.sensor.sight import UNSEEN, Sight

MINUTE, HOUR = 60.0, 3600.0
AT = 1_795_374_585.0


def watched(*periods: tuple[float, int, int]) -> Sight:
    """What is said after periods of minutes, in each of which so many frames came."""
    sight, now = Sight(), AT
    for minutes, own, foreign in periods:
        for _ in range(int(minutes)):
            sight.add(now, own, foreign, 64 * (own + foreign))
            now += MINUTE
    return sight


def test_a_mirror_port_brings_what_is_for_others() -> None:
    sight = watched((5, 10, 90))
    assert (sight.sees, sight.foreign_share(), sight.blind()) == ("all", 90.0, ())


def test_a_switched_port_brings_its_own_traffic_and_a_few_frames_that_the_switch_floods() -> None:
    sight = watched((5, 199, 1))
    assert (sight.sees, sight.foreign_share()) == ("own", 0.5)
    assert sight.blind() == UNSEEN


def test_an_idle_network_proves_nothing() -> None:
    sight = watched((60, 0, 1))
    assert (sight.sees, sight.foreign_share()) == ("unknown", None)
    assert sight.blind() == UNSEEN, "what is not known to be seen is not promised"


def test_no_traffic_at_all_is_unknown() -> None:
    assert watched((90, 0, 0)).sees == "unknown"


def test_between_both_limits_it_is_said_as_before() -> None:
    assert watched((10, 94, 6)).sees == "unknown"
    assert watched((10, 50, 50), (200, 94, 6)).sees == "all"
    assert watched((10, 100, 0), (200, 94, 6)).sees == "own"


def test_a_mirror_that_was_taken_away_is_noticed_within_the_hour() -> None:
    assert watched((30, 10, 90), (20, 100, 0)).sees == "all"
    assert watched((30, 10, 90), (61, 100, 0)).sees == "own"


def test_a_mirror_that_is_set_up_is_noticed_long_before_the_hour_is_over() -> None:
    assert watched((60, 100, 0), (8, 10, 90)).sees == "all"


def test_what_was_known_is_unknown_after_an_hour_of_silence() -> None:
    assert watched((10, 10, 90), (61, 0, 0)).sees == "unknown"


def test_frames_count_as_often_as_the_sample_stands_for() -> None:
    """Otherwise a second of quiet would weigh as much as one of a backup."""
    sight = Sight()
    sight.add(AT, 200, 0, 200)
    sight.add(AT, 0, 50, 800)
    assert sight.foreign_share() == 80.0


def macs(first: int, count: int) -> list[bytes]:
    return [bytes([first, *number.to_bytes(5)]) for number in range(count)]


def counted(census: Census, senders: list[bytes], at: float = AT) -> dict[str, int]:
    census.tick(at)
    for mac in senders:
        census.see(mac)
    return census.counts()


def test_machines_are_counted_once_and_made_up_addresses_apart() -> None:
    census = Census()
    phones, machines = macs(0x02, 7), macs(0x00, 20)
    found = counted(census, [*phones, *machines, *phones])
    assert found == {"machines": 27, "random_macs": 7, "infrastructure": 0}


def test_a_group_that_could_be_a_child_is_not_told() -> None:
    assert counted(Census(), [*macs(0x02, 4), *macs(0x00, 9)]) == {
        "machines": 13,
        "infrastructure": 0,
    }


def test_who_was_here_yesterday_only_is_counted_no_more() -> None:
    census = Census()
    counted(census, macs(0x00, 30), AT)
    assert counted(census, macs(0x00, 10), AT + 20 * HOUR)["machines"] == 30
    assert counted(census, macs(0x00, 10), AT + 25 * HOUR)["machines"] == 10


def test_a_group_address_is_no_machine() -> None:
    assert counted(Census(), macs(0x01, 50))["machines"] == 0


def test_a_flood_of_made_up_senders_gives_no_number_and_takes_no_room() -> None:
    census = Census()
    assert counted(census, macs(0x02, ROOM * 5)) == {}
    assert len(census._seen) == ROOM
    assert counted(census, macs(0x00, 30), AT + 25 * HOUR)["machines"] == 30
