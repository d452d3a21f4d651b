"""Replay through Kafka: frames to the feeds' topics, workers between, outages from theirs."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn, cast

import msgspec

from pipeline import topics
from pipeline.codec import decode, encode, outage_from
from pipeline.errors import UserError
from pipeline.kafka.embedded import answers, die_with_parent
from pipeline.kafka.reader import Reader
from pipeline.kafka.security import Security
from pipeline.kafka.transport import Sender
from pipeline.records import END, DeadLetter, Heartbeat, Outage, Progress, Verdicts
from pipeline.replay.playback import Playback
from pipeline.replay.report import ReplayReport, See
from pipeline.signals.binning import Late, Total

LOOK = 2.0
"""How often, and with what patience, the embedded broker is checked [s]."""

SILENCE = 120.0
"""Longest time without progress before a replay is given up [s]."""


def through_kafka(
    playback: Playback, broker: str, security: Security, see: See, checks: Iterable[Callable[[], None]] = (),
    group: str = "", report: ReplayReport | None = None, verdicts: bool = False,
) -> ReplayReport:  # fmt: skip
    """Follow what workers make of a playback to its end; what a check raises ends it.

    ``group`` is there for this run alone.  ``verdicts``: whether they are read, most of what travels.  A replay
    that ends before its end says so on its feeds' topics.
    """
    report, checks = report or ReplayReport.of(playback), tuple(checks)
    ended: set[int] = set()
    last: set[tuple[str, int]] = set()  # signals and partitions whose last verdict has come
    wanted = len(playback.run.signals) * topics.VERDICTS.partitions if verdicts else 0
    read = [topic.name for topic in (topics.OUTAGES, topics.PROGRESS, topics.LATE, topics.TOTALS)]
    read += [topics.VERDICTS.name] if verdicts else []
    with (
        stoppable() as stopped, Reader(broker, read, security, run=playback.run.id) as reader,
        _Sending(playback, broker, security, group) as sending,
    ):  # fmt: skip
        while (
            sending.busy or len(ended) < topics.VERDICTS.partitions or len(last) < wanted
            or not _all_counted(report, sending) or not reader.caught_up()
        ):  # fmt: skip
            sending.check()
            for check in (stopped, *checks):
                check()
            if sending.busy:  # a slow pace is no silence
                reader.last = time.monotonic()
            for topic, value in reader.poll(0.2, SILENCE, f"workers that serve {' and '.join(list(sending.beats))}"):
                if topic == topics.VERDICTS.name:
                    frame = cast(Verdicts, decode(value))
                    report.take(frame)
                    if frame.status == END:
                        last.add((frame.signal, frame.partition))
                    continue
                output = _output(topic, value)
                if isinstance(output, Progress) and output.ended:
                    ended.add(output.partition)
                report.take(output)
                see(output)
            playback.reached = report.watermark
    for letter in sending.letters:
        report.take(letter)
        see(letter)
    return report


def _all_counted(report: ReplayReport, sending: "_Sending") -> bool:
    """Topics keep no common order."""
    partitions = sum(topics.feed(feed).partitions for feed in sending.beats)
    return len(report.totals) == partitions and report.late >= sum(total.late for total in report.totals.values())


def _output(topic: str, value: bytes) -> Outage | Progress | Late | Total:
    if topic == topics.OUTAGES.name:
        return outage_from(value)
    if topic == topics.PROGRESS.name:
        return msgspec.json.decode(value, type=Progress)
    if topic == topics.TOTALS.name:
        return msgspec.json.decode(value, type=Total)
    return Late(decode(value))  # type: ignore[arg-type]


class _Sending(threading.Thread):
    """Sends a playback while the main thread follows its answer."""

    def __init__(self, playback: Playback, broker: str, security: Security, group: str) -> None:
        super().__init__(daemon=True)
        self.playback, self.broker, self.security = playback, broker, security
        self.headers = topics.address(group)
        self.letters: list[DeadLetter] = []
        self.error: BaseException | None = None
        self.halt = threading.Event()
        self.sender: Sender | None = None
        self.beats: dict[str, Heartbeat] = {}
        playback.sleep = self.halt.wait  # a pace must not sleep on when it has to stop

    @property
    def busy(self) -> bool:
        return self.is_alive()

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def __enter__(self) -> "_Sending":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is on its way to a broker that does not answer is given up."""
        self.halt.set()
        self.join(3)
        if self.is_alive() and self.sender is not None:
            with contextlib.suppress(Exception):
                self.sender.close()
        self.join(5)

    def run(self) -> None:
        try:
            with Sender(self.broker, self.security) as self.sender:
                self._send(self.sender)
        except BaseException as error:  # handed to the main thread, which raises it
            self.error = error

    def _send(self, sender: Sender) -> None:
        for frame in self.playback:
            if self.halt.is_set():
                self._end(sender)
                return
            if isinstance(frame, Heartbeat):
                self.beats[frame.feed] = frame
            if isinstance(frame, DeadLetter):
                self.letters.append(frame)
                sender.send(topics.DEADLETTERS.name, msgspec.json.encode(frame), 0, frame.feed, self.headers)
            else:
                sender.send(topics.feed(frame.feed).name, encode(frame), frame.partition, headers=self.headers)

    def _end(self, sender: Sender) -> None:
        """Workers would wait for the rest for ever, and show what is open."""
        for feed, beat in self.beats.items():
            for partition in range(topics.feed(feed).partitions):
                message = encode(replace(beat, status=END, partition=partition))
                sender.send(topics.feed(feed).name, message, partition, headers=self.headers)


@contextmanager
def stoppable() -> Iterator[Callable[[], None]]:
    """SIGTERM, or a terminal that closes, ends a replay as Ctrl-C does, unless ignored as by ``nohup``.

    Gives a check that raises again what a library has swallowed.
    """
    raised: list[BaseException] = []

    def stop(number: int, _: object) -> NoReturn:
        raised.append(KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number))
        raise raised[-1]

    def check() -> None:
        if raised:
            raise raised[0]

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    every = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    caught = [number for number in every if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in caught}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def still_there(broker: str, clock: Callable[[], float] = time.monotonic) -> Callable[[], None]:
    """A check that raises once an embedded broker is gone: it has no disk and does not come back."""
    last = clock()

    def check() -> None:
        nonlocal last
        if clock() - last >= LOOK:
            last = clock()
            if not answers(broker, LOOK) and not answers(broker, LOOK):
                raise UserError(f"the embedded broker at {broker} has ended, and with it what was sent to it")

    return check


@contextmanager
def workers(count: int, broker: str, *more: str) -> Iterator[Callable[[], None]]:
    """So many workers beside this process; gives a check that raises where one has died."""
    command = [sys.executable, "-m", "pipeline", "worker", "--quiet", "--broker", f"kafka://{broker}", *more]
    children = [subprocess.Popen(command, preexec_fn=die_with_parent()) for _ in range(count)]

    def check() -> None:
        for child in children:
            if child.poll() is not None:
                raise UserError(f"a worker ended with exit code {child.returncode} before the replay did")

    try:
        yield check
    finally:
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
