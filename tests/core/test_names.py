"""Names that exist, names that do not, and resolvers that keep silent."""

import socket
import threading

import pytest

from core.errors import TargetUnreachable
from core.names import Found, Names, NoSuchHost


async def test_an_address_is_not_asked_about() -> None:
    assert await Names().resolve("127.0.0.1", 1) == (socket.AF_INET, ("127.0.0.1", 0))
    assert (await Names().resolve("::1", 1))[0] == socket.AF_INET6


async def test_an_address_of_one_family_is_none_of_the_other() -> None:
    home = await Names().resolve("::1", 1, socket.AF_INET6)
    assert home == (socket.AF_INET6, ("::1", 0, 0, 0))
    with pytest.raises(NoSuchHost, match=r"^::1: no address of the family AF_INET$"):
        await Names().resolve("::1", 1, socket.AF_INET)


async def test_a_name_with_both_gives_the_one_that_is_asked_for() -> None:
    def lookup(_: str) -> Found:
        return [(socket.AF_INET6, 2, 17, "", ("fd00::1", 0)), (2, 2, 17, "", ("10.0.0.1", 0))]

    names = Names(lookup)
    assert (await names.resolve("gateway.school", 1))[0] == socket.AF_INET6
    assert (await names.resolve("gateway.school", 1, socket.AF_INET))[1] == ("10.0.0.1", 0)


@pytest.mark.parametrize("host", ["a" * 64 + ".school", "nul\0.school"])
async def test_what_cannot_be_a_name_does_not_exist(host: str) -> None:
    with pytest.raises(NoSuchHost):
        await Names().resolve(host, 1)


async def test_a_name_that_the_servers_do_not_know_does_not_exist() -> None:
    def lookup(_: str) -> Found:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NoSuchHost, match=r"^gatway\.school: Name or service not known$"):
        await Names(lookup).resolve("gatway.school", 1)


async def test_name_servers_that_fail_for_now_do_not_say_that_the_host_is_gone() -> None:
    def lookup(_: str) -> Found:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(TargetUnreachable) as caught:
        await Names(lookup).resolve("gateway.school", 1)
    assert not isinstance(caught.value, NoSuchHost)


async def test_a_silent_resolver_is_given_up_and_asked_again_once_it_answers() -> None:
    answers = threading.Event()

    def lookup(_: str) -> Found:
        answers.wait()
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", 0))]

    names = Names(lookup)
    with pytest.raises(TargetUnreachable, match="no answer within"):
        await names.resolve("gateway.school", 0.05)
    answers.set()
    assert (await names.resolve("another.school", 5))[1] == ("127.0.0.1", 0)
