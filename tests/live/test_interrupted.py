"""A replay that is ended before its end says so to the workers, so that nothing of it is shown for ever."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from pipeline import topics
from pipeline.codec import iso
from pipeline.kafka.reader import collect
from pipeline.records import Progress
from pipeline.replay.through_kafka import _stoppable
from pipeline.signals.binning import FeedStatus
from tests.replay.runners import Worker

BEGIN = 1707350400
pytestmark = [pytest.mark.sockets, pytest.mark.slow]


def case(folder: Path) -> Path:
    """Three days of one even series: at a tenth of a day to a second, half a minute."""
    folder.mkdir()
    rows = "".join(f"{iso(BEGIN + 600 * i)},probing.ioda,country,PK,{100 + i % 3}\n" for i in range(3 * 144))
    (folder / "signals.csv").write_text("time,signal,entity_type,entity,value\n" + rows)
    return folder


def told(broker: str, tense: str) -> list[FeedStatus]:
    found = [msgspec.json.decode(line, type=FeedStatus) for line in collect(broker, topics.STATUS.name)]
    return [status for status in found if status.tense == tense]


def wait_for(broker: str, tense: str, status: str, before: frozenset[str] = frozenset(), patience: float = 60) -> str:
    """The run of that tense of which that status was told, none of those before."""
    until = time.monotonic() + patience
    while not (runs := [s.run for s in told(broker, tense) if s.status == status and s.run not in before]):
        assert time.monotonic() < until, told(broker, tense)
        time.sleep(0.3)
    return runs[0]


@pytest.mark.parametrize(
    ("tense", "number", "code"),
    [("drill", signal.SIGINT, 130), ("replay", signal.SIGTERM, 143), ("drill", signal.SIGHUP, 129)],
)
def test_a_replay_that_is_stopped_ends_its_run(
    broker: str, worker_at: Callable[..., Worker], tmp_path: Path, tense: str, number: signal.Signals, code: int
) -> None:
    worker = worker_at(broker)
    before = frozenset(status.run for status in told(broker, tense))
    options = ("--through", "kafka", "--broker", f"kafka://{broker}", "--workers", "0", "--tense", tense)
    command = [sys.executable, "-m", "pipeline", "replay", str(case(tmp_path / "case")), *options, "--speed", "8640"]
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell's job in the background ignores Ctrl-C
    replay = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=hears)
    try:
        run = wait_for(broker, tense, "up", before)
        replay.send_signal(number)
        assert replay.wait(40) == code
        assert wait_for(broker, tense, "end", before) == run
    finally:
        replay.kill()
        replay.wait()
    until = time.monotonic() + 30
    while len(over(broker, run)) < topics.VERDICTS.partitions:
        assert time.monotonic() < until
        time.sleep(0.3)
    assert worker.stop() == 0


def test_a_signal_that_a_library_has_swallowed_is_heard_at_the_next_look() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, raised in ((signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)):
        with _stoppable() as stopped:
            stopped()
            with pytest.raises(raised):
                signal.raise_signal(number)
            with pytest.raises(raised):
                stopped()
    signal.signal(signal.SIGINT, before)


def test_a_worker_whose_terminal_is_closed_leaves_as_one_that_is_told_to(
    broker: str, worker_at: Callable[..., Worker]
) -> None:
    worker = worker_at(broker, "--group", "closed")
    until = time.monotonic() + 60
    while "at work" not in worker.log.read_text():
        worker.check()
        assert time.monotonic() < until
        time.sleep(0.3)
    assert worker.stop(signal.SIGHUP) == 0


def over(broker: str, run: str) -> set[int]:
    """Partitions in which fusion has come to the end of a run."""
    found = [msgspec.json.decode(line, type=Progress) for line in collect(broker, topics.PROGRESS.name)]
    return {progress.partition for progress in found if progress.run == run and progress.ended}
