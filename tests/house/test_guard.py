"""No test reaches a server by accident."""

import asyncio
import socket

import pytest


def test_a_test_without_a_marker_cannot_connect() -> None:
    with pytest.raises(RuntimeError, match="mark the test `sockets`"):
        socket.create_connection(("127.0.0.1", 9))


def test_a_test_without_a_marker_cannot_listen() -> None:
    with socket.socket() as server, pytest.raises(RuntimeError, match="mark the test `sockets`"):
        server.bind(("127.0.0.1", 0))


def test_an_event_loop_cannot_either() -> None:
    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(RuntimeError, match="mark the test `sockets`"):
        asyncio.run(connect())


@pytest.mark.sockets
def test_a_marked_test_can() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with socket.create_connection(server.getsockname(), 5) as client:
            assert client.getpeername() == server.getsockname()
