"""State survives: whatever happens to workers and brokers, the outages are those of the undisturbed run."""

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import topics
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.groups import at_work
from pipeline.kafka.security import PLAIN
from pipeline.records import Heartbeat
from pipeline.replay.through_kafka import through_kafka
from tests.live.apache import prepare
from tests.live.sabotage import HOUR, Paced, Sabotage, iraq, kills, moments, revisions
from tests.replay.runners import Worker, fresh, in_memory
from tests.replay.tapes import mosaic, pieces

pytestmark = [pytest.mark.sockets, pytest.mark.slow]
At = Callable[..., Worker]


@pytest.fixture(scope="module")
def tape(data: Path) -> Paced:
    return iraq(data, lasting=20)


@pytest.fixture(scope="module")
def undisturbed(tape: Paced) -> bytes:
    found = in_memory(Paced(tape.run, tape.sent, speed=float("inf"))).lines()
    assert len(found.splitlines()) >= 8
    return found


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def either_broker(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "embedded":
        yield request.getfixturevalue("broker")
    else:
        address = request.getfixturevalue("apache_broker")
        create(address, topics.every(FEEDS))
        yield address


def replayed(tape: Paced, broker: str, sabotage: Sabotage) -> bytes:
    return through_kafka(fresh(tape), broker, PLAIN, sabotage.see, [sabotage.tick]).lines()  # type: ignore[arg-type]


def test_a_worker_that_is_killed_five_times_loses_and_doubles_nothing(
    either_broker: str, worker_at: At, tape: Paced, undisturbed: bytes
) -> None:
    rng = random.Random(8)
    worker = worker_at(either_broker)
    sabotage = kills(worker, moments(tape, 5, rng), rng)
    assert replayed(tape, either_broker, sabotage) == undisturbed
    assert sabotage.done == 5
    told = revisions(either_broker)
    assert {len(contents) for contents in told.values()} == {1}
    assert worker.stop() == 0


def test_a_worker_that_crashed_in_a_stage_goes_on_before_the_failure(
    broker: str, worker_at: At, tape: Paced, undisturbed: bytes
) -> None:
    worker = worker_at(broker, program=("tests.live.clumsy", "100"))

    def start_again() -> None:
        if worker.program != ("pipeline",) and worker.child is not None and worker.child.poll() is not None:
            assert worker.child.returncode == 1
            worker.program = ("pipeline",)
            worker.start()
        worker.check()

    assert replayed(tape, broker, Sabotage([], [], start_again)) == undisturbed
    assert worker.program == ("pipeline",), "it had no bug"
    assert worker.stop() == 0


def test_a_worker_that_cannot_read_its_snapshots_says_so_in_a_sentence_and_ends(
    broker: str, worker_at: At, tape: Paced, undisturbed: bytes
) -> None:
    before = worker_at(broker)
    fast = Paced(tape.run, tape.sent, speed=float("inf"))
    assert replayed(fast, broker, Sabotage([], [], before.check)) == undisturbed
    assert before.stop() == 0
    newer = worker_at(broker, program=("tests.live.newer",))
    assert newer.child is not None
    assert newer.child.wait(60) == 2
    said = newer.log.read_text()
    assert said.splitlines()[-1].startswith("netvigil: the snapshot of stage judge, partition ")
    assert "Traceback" not in said


def test_a_second_worker_joins_and_the_first_is_killed(
    either_broker: str, worker_at: At, tape: Paced, undisturbed: bytes
) -> None:
    workers = [worker_at(either_broker)]

    def join() -> bool:
        workers.append(worker_at(either_broker))
        return True

    def kill_the_first() -> bool:
        if at_work(either_broker).get("netvigil", 0) < 2:
            return False
        workers[0].kill()
        return True

    first, second = moments(tape, 2, random.Random(3))
    sabotage = Sabotage([first, second], [join, kill_the_first], lambda: [w.check() for w in workers].clear())
    assert replayed(tape, either_broker, sabotage) == undisturbed
    assert sabotage.done == 2
    assert {len(contents) for contents in revisions(either_broker).values()} == {1}
    assert workers[1].stop() == 0


@pytest.mark.kafka
def test_a_worker_that_stood_still_for_longer_than_its_session_loses_nothing(apache_broker: str, worker_at: At) -> None:
    create(apache_broker, topics.every(FEEDS))
    tape = pieces(mosaic(seed=3), HOUR)
    times = [frame.time for frame in tape.sent if isinstance(frame, Heartbeat)]
    slow = Paced(*vars(tape).values(), speed=(max(times) - min(times)) / 20)
    workers = [worker_at(apache_broker), worker_at(apache_broker)]

    def stand_still() -> bool:
        if at_work(apache_broker).get("netvigil") != 2:
            return False
        child = workers[1].child
        assert child is not None
        child.send_signal(signal.SIGSTOP)
        time.sleep(9)
        child.send_signal(signal.SIGCONT)
        return True

    sabotage = Sabotage([min(times) + (max(times) - min(times)) // 3], [stand_still], lambda: None)
    found = through_kafka(fresh(slow), apache_broker, PLAIN, sabotage.see, [sabotage.tick])  # type: ignore[arg-type]
    assert sabotage.done == 1
    undisturbed = in_memory(tape)
    assert found.lines() == undisturbed.lines()
    assert (found.used, found.late, found.dead) == (undisturbed.used, 0, [])
    assert [worker.stop() for worker in workers] == [0, 0]


@pytest.mark.kafka
def test_apache_kafka_is_killed_and_comes_back_on_its_disk(
    java: None, tmp_path: Path, worker_at: At, tape: Paced, undisturbed: bytes
) -> None:
    server = prepare(tmp_path / "kafka")
    server.start()
    try:
        create(server.address, topics.every(FEEDS))
        worker = worker_at(server.address)

        def strike() -> bool:
            server.kill()
            time.sleep(1)
            server.start()
            return True

        sabotage = Sabotage(moments(tape, 1, random.Random(5)), [strike], worker.check)
        assert replayed(tape, server.address, sabotage) == undisturbed
        assert sabotage.done == 1
        assert {len(contents) for contents in revisions(server.address).values()} == {1}
    finally:
        server.stop()


def test_two_replays_at_once_do_not_touch_each_other(
    broker: str, worker_at: At, tape: Paced, undisturbed: bytes
) -> None:
    worker = worker_at(broker)
    found: list[bytes] = []
    quiet = Sabotage([], [], worker.check)
    other = threading.Thread(target=lambda: found.append(replayed(tape, broker, quiet)))
    other.start()
    found.append(replayed(tape, broker, quiet))
    other.join(120)
    assert found == [undisturbed, undisturbed]
