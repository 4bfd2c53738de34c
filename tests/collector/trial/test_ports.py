"""Ports of the trial: free, taken, or given twice."""

import os
import socket

import pytest

from collector.trial import ports
from core.errors import StartError


def test_a_taken_port_is_a_sentence_with_holder_and_option_and_fine_once_freed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        sentence = rf"port {port} is taken by \S+ \(process {os.getpid()}\).*--http-port"
        with pytest.raises(StartError, match=sentence):
            ports.check({"--http-port": port})
    ports.check({"--http-port": port})


def test_a_port_taken_on_every_address_is_taken_on_ours() -> None:
    with socket.create_server(("", 0)) as holder, pytest.raises(StartError, match="is taken"):
        ports.check({"--mqtt-port": holder.getsockname()[1]})


def test_one_port_cannot_serve_two() -> None:
    with pytest.raises(StartError, match="--http-port and --mqtt-port are both 18883"):
        ports.check({"--http-port": 18883, "--mqtt-port": 18883})


def test_a_connection_that_just_ended_does_not_keep_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            peer, _ = server.accept()
            peer.close()  # the server's side closes first, so its end waits for minutes
    ports.check({"--http-port": port})
