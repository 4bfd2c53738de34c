"""What the MQTT session decides, without a broker."""

import random
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mqtt import Broker, reasons
from core.mqtt.acks import AckOrder
from core.mqtt.backoff import Backoff


@given(st.permutations(range(1, 9)))
def test_whatever_order_work_ends_in_acknowledgements_go_out_in_the_order_of_arrival(
    done: list[int],
) -> None:
    order, sent = AckOrder(), list[int]()
    for mid in range(1, 9):
        order.arrived(mid)
    for mid in done:
        sent += order.acknowledge(mid)
        assert all(ready in done[: done.index(mid) + 1] for ready in sent)
    assert sent == list(range(1, 9))


def test_an_acknowledgement_of_what_never_arrived_or_is_done_with_sends_nothing() -> None:
    order = AckOrder()
    order.arrived(7)
    assert order.acknowledge(8) == []
    assert order.acknowledge(7) == [7]
    assert order.acknowledge(7) == []


def test_a_message_that_comes_twice_is_acknowledged_once() -> None:
    order = AckOrder()
    for mid in (1, 2, 1):
        order.arrived(mid)
    assert order.acknowledge(2) == []
    assert order.acknowledge(1) == [1, 2]
    assert order.acknowledge(1) == []


def test_the_first_reconnect_is_uniform_over_its_window() -> None:
    uniform, count = random.Random(1).uniform, 4_000
    waits = []
    for _ in range(count):
        backoff = Backoff(60, 120, uniform)
        backoff.connected()
        waits.append(backoff.wait_s())
    for tenth in range(10):
        share = sum(6 * tenth <= wait < 6 * (tenth + 1) for wait in waits) / count
        assert 0.08 < share < 0.12


def test_waits_double_up_to_the_longest_and_start_anew_after_a_connect() -> None:
    backoff = Backoff(10, 120, lambda _, ceiling: ceiling)
    assert [backoff.wait_s() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 64, 120, 120]
    backoff.connected()
    assert [backoff.wait_s() for _ in range(5)] == [10, 20, 40, 80, 120]
    for _ in range(5_000):
        assert backoff.wait_s() == 120


def test_the_password_stands_in_no_text_of_a_broker() -> None:
    broker = Broker("broker.example", username="pc-1", password="secret-word")
    assert "secret-word" not in f"{broker} {broker!r}"
    assert str(broker) == "broker.example:1883"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ConnectionRefusedError(111, "x"), "nothing listens there (connection refused)"),
        (TimeoutError(), "no answer in time"),
        (socket.gaierror(-2, "Name not known"), "its name cannot be resolved: Name not known"),
        (FileNotFoundError(2, "No such file", "ca.pem"), "cannot read ca.pem: No such file"),
        (ssl.SSLError(1, "odd"), "TLS failed: "),
        (OSError(113, "No route to host"), "no way leads there (no route to host)"),
        (OSError(101, "Network is unreachable"), "no way leads there (network is unreachable)"),
        (OSError(104, "Connection reset by peer"), "Connection reset by peer"),
        (ValueError("Invalid port number."), "Invalid port number."),
        (ValueError(), "ValueError"),
    ],
)
def test_each_way_of_not_getting_there_has_its_sentence(error: Exception, sentence: str) -> None:
    assert reasons.failed(error).startswith(sentence)


def test_reason_codes_become_sentences_and_unknown_ones_keep_their_name() -> None:
    assert "another client has connected" in reasons.closed(0x8E, "Session taken over")
    assert reasons.closed(0x99, "Payload format invalid").endswith("Payload format invalid (0x99)")
    assert "check username" in reasons.refused(0x86, "Bad user name or password")
    assert reasons.refused(0x9D, "Server moved").endswith("Server moved (0x9d)")
