"""Brokers as child processes: waited for, killed with their parent, never left behind."""

import signal
import subprocess
import sys
import time

import pytest

from pipeline.errors import UserError
from pipeline.kafka.embedded import Server, answers, embedded, listens

pytestmark = pytest.mark.sockets


def test_the_embedded_broker_is_ready_in_a_second_and_gone_after_the_block():
    began = time.monotonic()
    with embedded() as address:
        assert answers(address)
        assert time.monotonic() - began < 5  # 0.04 s here
    assert not listens(address)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_broker_dies_with_its_parent_even_when_that_is_killed_with_9():
    script = "import time; from pipeline.kafka.embedded import embedded\n"
    script += "with embedded() as address: print(address, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        address = parent.stdout.readline().strip()
        assert answers(address)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while listens(address) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not listens(address)


def test_a_broker_that_does_not_start_shows_the_end_of_its_log(tmp_path):
    broken = Server("the broker", ["sh", "-c", "echo no memory >&2; exit 3"], "127.0.0.1:1", tmp_path / "log")
    with pytest.raises(UserError, match=r"the broker on 127.0.0.1:1 ended at once; its log ends with:\nno memory"):
        broken.start()


def test_an_address_that_another_server_has_is_refused(embedded_broker, tmp_path):
    second = Server("the broker", ["sleep", "60"], embedded_broker, tmp_path / "log")
    with pytest.raises(UserError, match="something listens there already"):
        second.start()
    assert second.child is None
