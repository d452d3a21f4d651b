"""Replay through Kafka: frames to the feeds' topics, workers between, outages from theirs."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import msgspec

from pipeline import topics
from pipeline.binning import Late
from pipeline.brokers.reader import Reader
from pipeline.brokers.security import Security
from pipeline.brokers.server import answers, die_with_parent
from pipeline.brokers.transport import Sender
from pipeline.codec import decode, encode, outage_from
from pipeline.errors import UserError
from pipeline.records import DeadLetter, Outage, Progress
from pipeline.replay import Playback, Result, See

LOOK = 2.0
"""How often, and for how long, it is asked whether the embedded broker is still there [s]."""

SILENCE = 120.0
"""How long no progress may come before a replay is given up [s]."""


def through_kafka(
    playback: Playback, broker: str, security: Security, see: See, checks: Iterable[Callable[[], None]] = ()
) -> Result:
    """Send a playback to the broker and follow what its workers make of it, until they have reached its end.

    ``checks`` are made a few times a second; what one raises ends the replay.
    """
    result = Result(playback.run)
    ended: set[int] = set()
    read = [topic.name for topic in (topics.OUTAGES, topics.PROGRESS, topics.LATE)]
    with Reader(broker, read, security, run=playback.run.id) as reader, _sending(playback, broker, security) as sending:
        while len(ended) < topics.VERDICTS.partitions or sending.busy:
            sending.check()
            for check in checks:
                check()
            if sending.busy:  # a slow pace is no silence
                reader.last = time.monotonic()
            for topic, value in reader.poll(0.2, silence=SILENCE):
                output = _output(topic, value)
                if isinstance(output, Progress) and output.ended:
                    ended.add(output.partition)
                result.take(output)
                see(output)
            playback.reached = result.watermark
    for letter in sending.letters:
        result.take(letter)
        see(letter)
    return result


def _output(topic: str, value: bytes) -> Outage | Progress | Late:
    if topic == topics.OUTAGES.name:
        return outage_from(value)
    if topic == topics.PROGRESS.name:
        return msgspec.json.decode(value, type=Progress)
    return Late(decode(value))  # type: ignore[arg-type]


class _Sending(threading.Thread):
    """Sends a playback while the main thread follows its answer."""

    def __init__(self, playback: Playback, broker: str, security: Security) -> None:
        super().__init__(daemon=True)
        self.playback, self.broker, self.security = playback, broker, security
        self.letters: list[DeadLetter] = []
        self.error: BaseException | None = None
        self.halt = threading.Event()
        self.sender: Sender | None = None

    @property
    def busy(self) -> bool:
        return self.is_alive()

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        """Let it end; what is on its way to a broker that does not answer is given up."""
        self.halt.set()
        self.join(2)
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
                return
            if isinstance(frame, DeadLetter):
                self.letters.append(frame)
                sender.send(topics.DEADLETTERS.name, msgspec.json.encode(frame), 0, frame.feed)
            else:
                sender.send(topics.feed(frame.feed).name, encode(frame), frame.partition)


@contextmanager
def _sending(playback: Playback, broker: str, security: Security) -> Iterator[_Sending]:
    thread = _Sending(playback, broker, security)
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()


def still_there(broker: str, clock: Callable[[], float] = time.monotonic) -> Callable[[], None]:
    """A check that raises once a broker without a disk is gone: nobody will bring it back."""
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
            _reap(child)


def _reap(child: "subprocess.Popen[bytes]") -> None:
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
