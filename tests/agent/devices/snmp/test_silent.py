"""What is said of a device that is silent by SNMP; a wrong community gets no answer either."""

from pathlib import Path
from typing import Literal

import pytest
from pysnmp.proto.api import v2c

from agent.devices.drivers.snmp import SnmpDriver
from agent.devices.judging import failure, is_down
from agent.devices.recognise import SYS_DESCR
from core.errors import TargetUnreachable
from tests.agent.devices.snmp.responder import LOOPBACK, Table, responding


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_a_silent_device_has_a_cause_of_its_own_until_it_answers(
    tmp_path: Path, version: Literal["1", "2c"]
) -> None:
    community = tmp_path / "community"
    community.write_text("sesam\n")
    community.chmod(0o600)
    async with responding(lambda _: []) as device:
        driver = SnmpDriver(
            LOOPBACK,
            device.port,
            version,
            community_file=community,
            profile="generic",
            timeout_s=0.5,
            retries=1,
        )
        with pytest.raises(TargetUnreachable) as silence:
            await driver.look()
        why = failure(silence.value)
        assert (why.state, why.cause) == ("unreachable", "no_answer_snmp")
        assert is_down(why), "what is behind it is not at fault"
        device.answering = Table({SYS_DESCR: v2c.OctetString(b"a switch")})
        seen = await driver.look()
        assert (seen.state, seen.cause) == ("ready", "")


async def test_a_port_that_nobody_listens_on_says_so() -> None:
    async with responding(lambda _: []) as device:
        session = device.session(timeout_s=5)
    with pytest.raises(TargetUnreachable) as refusal:
        await session.get(SYS_DESCR)
    assert failure(refusal.value).cause == "refused"
