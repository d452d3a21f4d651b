"""A worker's log has what an operator must read and no more; an impossible address of its metrics is refused."""

import socket

import pytest

from pipeline.agents.worker import work
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.kafka.security import PLAIN


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("127.0.0.1", "metrics cannot be served on 127.0.0.1:[0-9]+: Address already in use"),
        ("192.0.2.1", "metrics cannot be served on 192.0.2.1:[0-9]+: Cannot assign"),
        ("x" * 64, "metrics cannot be served on x+:[0-9]+: .*too long"),
    ],
)
def test_an_address_at_which_nothing_can_be_served_is_told_before_the_wait_for_a_broker(host: str, named: str) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match=named):
        work(Engine(), "127.0.0.1:1", PLAIN, ["table"], (host, taken.getsockname()[1]), say=said.append)
    assert not said
