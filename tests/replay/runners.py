"""Three ways from a tape to its outages: in memory, through the embedded broker, through Apache Kafka."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline import topics
from pipeline.engine import Engine
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import die_with_parent
from pipeline.kafka.security import PLAIN
from pipeline.records import Left
from pipeline.replay.report import ReplayReport, through_memory
from pipeline.replay.through_kafka import through_kafka
from tests.replay.tapes import Tape

NUMBERS = itertools.count()

Answer = tuple[bytes, list[Left], int]
"""Outages as ``--outages`` writes them, what is left of those that are open, and the watermark [s]."""


def fresh(tape: Tape) -> Tape:
    """The tape as a run of its own."""
    return tape.under(f"{tape.run.tense}-{os.getpid()}-{next(NUMBERS)}")


def in_memory(tape: Tape, engine: Engine | None = None) -> ReplayReport:
    """Through the engine in this process."""
    own = fresh(tape)
    return through_memory(own, engine or Engine(), own.run, lambda _: None)


def sent(tape: Tape, broker: str, see: Callable[[Any], None], tick: Callable[[], None]) -> ReplayReport:
    """Through a broker and the workers that are there."""
    own = fresh(tape)
    return through_kafka(own, broker, PLAIN, see, [tick], report=ReplayReport(own.run))  # type: ignore[arg-type]


def answer(result: ReplayReport) -> Answer:
    """What must be the same on every way: the outages, and what is left of those that are still open."""
    left = [one for _, own in sorted(result.left.items()) for one in own]
    return result.lines(), left, result.watermark


@dataclass
class Worker:
    """A ``netvigil worker``, to be killed."""

    broker: str
    log: Path
    more: tuple[str, ...] = ("--feed", "table")
    program: tuple[str, ...] = ("pipeline",)
    child: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "Worker":
        command = [sys.executable, "-m", *self.program, "worker", "--broker", f"kafka://{self.broker}", *self.more]
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent())
        return self

    def kill(self) -> None:
        """kill -9."""
        assert self.child is not None
        assert self.child.poll() is None, self.log.read_text()
        self.child.kill()
        self.child.wait()
        self.child = None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Told to by a signal; gives its exit code."""
        assert self.child is not None
        self.child.send_signal(number)
        code = self.child.wait(20)
        self.child = None
        return code

    def wait_till_at_work(self, patience: float = 60.0) -> None:
        """Wait until it has its share of the work."""
        give_up = time.monotonic() + patience
        while "at work" not in self.log.read_text():
            self.check()
            assert time.monotonic() < give_up
            time.sleep(0.2)

    def check(self) -> None:
        """Raise where it ended by itself."""
        if self.child is not None and self.child.poll() is not None:
            raise AssertionError(f"the worker ended with {self.child.returncode}:\n{self.log.read_text()[-3000:]}")


@dataclass
class ThroughKafka:
    """Through a broker, and a worker that is started with the first tape and serves them all."""

    broker: str
    folder: Path
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        create(self.broker, topics.every(FEEDS))
        self.worker = Worker(self.broker, self.folder / "worker.log").start()

    def __call__(
        self, tape: Tape, see: Callable[[Any], None] = lambda _: None, tick: Callable[[], None] | None = None
    ) -> ReplayReport:
        return sent(tape, self.broker, see, tick or self.worker.check)
