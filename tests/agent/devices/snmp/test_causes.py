"""Why a device could not be read, in the words of the causes."""

import pytest

from agent.devices.snmp.session import Unreadable, WrongCredentials
from core.causes import CAUSES


@pytest.mark.parametrize("kind", [Unreadable, WrongCredentials])
def test_each_cause_is_a_word_that_people_are_told(kind: type[Unreadable]) -> None:
    assert kind.cause in CAUSES
