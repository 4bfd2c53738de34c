"""Which port a row of a maker's table of power stands for."""

from typing import Any

from agent.devices.poe import PowerTable
from agent.devices.profile import PortRow
from agent.devices.snmp.session import Value

NAMES = {"49153": "gigabitEthernet 1/0/1 : copper", "49163": "gigabitEthernet 1/0/11"}


def watts(
    column: dict[str, Value], bridge: dict[str, Value] | None = None, /, **row: Any
) -> dict[str, float]:
    table = PortRow(role="poe_w", object="made up", column="1.3.6.1.9.2", **row)
    return PowerTable(table, column, bridge or {}).watts(NAMES)


def test_a_row_is_that_of_the_if_mib_unless_the_profile_says_otherwise() -> None:
    assert watts({"49153": 6, "7": 5}) == {"49153": 6.0}


def test_a_row_is_found_by_the_number_on_the_port() -> None:
    assert watts({"1": 66, "11": 5}, named="1/0/#", scale=0.1) == {"49153": 6.6, "49163": 0.5}
    assert watts({"2": 66}, named="1/0/#") == {}


def test_a_row_is_found_by_the_number_on_the_bridge() -> None:
    bridge: dict[str, Value] = {"1": 49153, "2": 49163}
    assert watts({"4.1": 2, "7.2": 3}, bridge, via="1.3.6.1.9.3") == {"49153": 2.0, "49163": 3.0}
    assert watts({"4.1": 2}, {"1": b"text"}, via="1.3.6.1.9.3") == {}


def test_a_port_that_two_rows_claim_tells_no_power() -> None:
    assert watts({"1.1": 2, "2.1": 3, "1.2": 4}, {"1": 49153, "2": 49163}, via="1.3.6.1.9.3") == {
        "49163": 4.0
    }


def test_power_of_another_type_or_below_nothing_is_none() -> None:
    assert watts({"49153": b"6 W", "49163": -1}) == {}
