"""Both brokers, started for real: they are waited for, killed, and never left behind."""

import signal
import subprocess
import sys
import time

import pytest

from pipeline.codec import decode, encode
from pipeline.errors import UserError
from pipeline.kafka import embedded as server
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import embedded
from pipeline.kafka.reader import collect
from pipeline.kafka.transport import Sender
from pipeline.records import Heartbeat, Run
from pipeline.topics import Topic
from tests.live import apache

pytestmark = pytest.mark.sockets


def test_the_embedded_broker_is_ready_in_a_second_and_gone_after_the_block():
    began = time.monotonic()
    with embedded() as address:
        assert server.answers(address)
        assert time.monotonic() - began < 5  # 0.04 s here
    assert not server.listens(address)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_a_broker_dies_with_its_parent_even_when_that_is_killed_with_9():
    script = "import time; from pipeline.kafka.embedded import embedded\n"
    script += "with embedded() as address: print(address, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        address = parent.stdout.readline().strip()
        assert server.answers(address)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while server.listens(address) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not server.listens(address)


def test_a_broker_that_does_not_start_shows_the_end_of_its_log(tmp_path):
    broken = server.Server("the broker", ["sh", "-c", "echo no memory >&2; exit 3"], "127.0.0.1:1", tmp_path / "log")
    with pytest.raises(UserError, match=r"the broker on 127.0.0.1:1 ended at once; its log ends with:\nno memory"):
        broken.start()


def test_a_port_that_somebody_has_is_not_mistaken_for_our_broker(embedded_broker, tmp_path):
    second = server.Server("the broker", ["sleep", "60"], embedded_broker, tmp_path / "log")
    with pytest.raises(UserError, match="something listens there already"):
        second.start()
    assert second.child is None


def test_a_machine_without_java_is_told_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert apache.missing() == "Apache Kafka needs Java 17 or later, and there is no java on the PATH"


@pytest.mark.kafka
def test_kafka_in_the_foreground_prints_its_address_and_ends_on_a_signal(java, tmp_path):
    port = server.free_port()
    command = [sys.executable, "-m", "tests.live.apache", "--port", str(port), "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == f"kafka://127.0.0.1:{port}\n"
        assert child.stderr.readline() == "Apache Kafka is up. Ctrl-C ends it.\n"
        child.terminate()
    assert child.returncode == 0
    assert not server.listens(f"127.0.0.1:{port}")


@pytest.mark.kafka
@pytest.mark.slow
def test_a_broker_killed_with_9_keeps_every_acknowledged_message(java, tmp_path):
    topic = Topic("netvigil.test.kept", "Heartbeat", "feed", 4, 3600)
    running = apache.prepare(tmp_path)
    running.start()
    try:
        create(running.address, [topic])
        sender = Sender(running.address)
        for number in range(200):
            sender.send(topic.name, encode(Heartbeat(Run(), "ris", 0, number)), number % 4)
        sender.flush()
        running.kill()
        sender.send(topic.name, encode(Heartbeat(Run(), "ris", 0, 200)), 0)  # waits for the broker's return
        running.start()
        sender.flush()
        sender.close()
        received = [decode(message).time for message in collect(running.address, topic.name)]
    finally:
        running.stop()
    assert sorted(received) == list(range(201))
