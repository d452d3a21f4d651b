"""Starts a worker: the Faust application, and the metrics that Prometheus scrapes."""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faust
from prometheus_client import CollectorRegistry, start_http_server

from pipeline.agents.app import application
from pipeline.agents.metrics import WorkerMetrics
from pipeline.agents.transport import OrderedApp
from pipeline.engine import Engine
from pipeline.errors import UserError
from pipeline.kafka.create_topics import create
from pipeline.kafka.security import Security
from pipeline.serve.metrics import Metrics
from pipeline.settings.watching import Watch
from pipeline.topics import changelogs, every


def work(
    engine: Engine, broker: str, security: Security, feeds: Sequence[str], address: tuple[str, int] | None,
    group: str = "netvigil", tense: str = "live", say: Callable[[str], None] = lambda _: None,
    watches: Sequence[Watch] = (), snapshots: Path | None = None,
) -> None:  # fmt: skip
    """Host the whole path until a signal ends it; UserError where it cannot begin.

    ``address``: where metrics are served, None for nowhere; ``tense``: whose signals they show; ``say``: shows a person
    what the worker waits for; ``watches``: those whose metric says whether they are on; ``snapshots``: the
    folder that keeps them, None for Kafka.
    """
    logs = changelogs(group, feeds)
    topics = (*every(feeds), *(logs if snapshots is None else ()))
    if address is not None:
        _check_free(*address)
    say(f"waiting for the broker at {broker}")
    create(broker, topics, security, patience=120)
    registry = CollectorRegistry()
    metrics = WorkerMetrics(Metrics.on(registry, tense=tense, clock=time.monotonic), watches=watches)
    app, refusal = application(engine, broker, security, feeds, metrics, group, snapshots)
    if address is not None:  # not before: while no worker answers Prometheus, an open outage is held
        with _serving(*address):
            start_http_server(address[1], address[0], registry)
    served = f"; metrics on {address[0]}:{address[1]}" if address is not None else ""
    _once_ready(app, lambda: say(f"at work for {', '.join(feeds)}{served}"))
    try:
        Worker(app, loglevel="WARNING", redirect_stdouts=False, quiet=True).execute_from_commandline()
    finally:
        if refusal.error is not None:
            raise refusal.error


def _check_free(host: str, port: int) -> None:
    """Raise `UserError` where metrics cannot be served, before the wait for the broker."""
    if not 0 < port < 2**16:
        raise UserError(f"--metrics-port {port} is not between 1 and {2**16 - 1}")
    with _serving(host, port):
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()


@contextmanager
def _serving(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError) as error:  # a name that cannot be one is the second
        raise UserError(f"metrics cannot be served on {host}:{port}: {getattr(error, 'strerror', error)}") from error


def _once_ready(app: faust.App, say: Callable[[], None]) -> None:
    told: list[bool] = []

    @app.on_rebalance_complete.connect(weak=False)
    async def _ready(*_: Any, **__: Any) -> None:
        if not told:
            told.append(True)
            say()


OVERLAP = "Timer %s is overlapping (interval=%r runtime=%r)"  # message of Faust's timers on a busy machine
NO_COORDINATOR = "Group Coordinator Request failed: %s"  # of aiokafka, while a fresh broker makes that topic
FIRST = 30.0  # how long after its start a broker may have no coordinator [s]: Kafka takes a few seconds

LEAVING = 20.0
"""How long a worker that ends waits for a broker that does not answer [s]; Faust and aiokafka would wait for ever.
While the broker answers, a large state has the time that it needs (two minutes in `docker-compose.yml`)."""

AGAIN = 1.0  # signals within this time are one [s]: ``timeout`` sends it to its child and to its group
UNSAVED = "what is not saved is read again at the next start"


class Worker(faust.Worker):
    """A worker with a readable log that ends without a broker, and on SIGHUP as on SIGTERM.

    The same signal a second time ends it at once.  Another signal does not: after Ctrl-C a replay ends its workers by
    SIGTERM, and they have had the SIGINT too.
    """

    app: OrderedApp

    def __init__(self, app: OrderedApp, **options: Any) -> None:
        super().__init__(app, **options)
        self.told: dict[int, float] = {}

    def _schedule_shutdown(self, number: signal.Signals) -> None:
        now = time.monotonic()
        if now - self.told.setdefault(number, now) >= AGAIN:
            _end(f"ended at once, as it was told to twice; {UNSAVED}")
        super()._schedule_shutdown(number)

    async def stop(self) -> None:
        """End in an orderly way, and in any case `LEAVING` seconds after the broker's last answer."""
        # in a thread, since a stage may block the loop; it ends with the process
        threading.Thread(target=self._watch, args=(time.monotonic(),), daemon=True).start()
        await super().stop()

    def _watch(self, begun: float) -> None:
        while (rest := max(begun, self.app.heard) + LEAVING - time.monotonic()) > 0:
            time.sleep(rest)
        _end(f"the broker did not answer for {LEAVING:.0f} s; {UNSAVED}")

    def _install_signal_handlers_unix(self) -> None:
        super()._install_signal_handlers_unix()
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self.loop.add_signal_handler(signal.SIGHUP, self._on_sighup)

    def _on_sighup(self) -> None:
        self._flag_as_shutdown_by_signal()
        self._schedule_shutdown(signal.SIGHUP)

    def _setup_logging(self) -> None:
        self.spinner = None  # it would draw into the terminal of the demo or replay that started this worker
        super()._setup_logging()
        logging.getLogger("mode.timers").setLevel(logging.ERROR)  # late timers mean nothing to an operator
        for handler in logging.getLogger().handlers:
            handler.addFilter(Rarely(60.0))


def _end(sentence: str) -> None:
    sys.stderr.write(f"netvigil: {sentence}\n")
    sys.stderr.flush()
    os._exit(1)


class Rarely(logging.Filter):
    """Lets a message through once in ``seconds``: without a broker aiokafka writes a hundred lines a second.

    `OVERLAP` is never let through, and `NO_COORDINATOR` not within `FIRST` seconds.  ``clock`` is monotonic [s].
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.seconds, self.clock = seconds, clock
        self.last: dict[object, float] = {}
        self.begun = clock()

    def filter(self, record: logging.LogRecord) -> bool:
        now = self.clock()
        if record.msg == OVERLAP or (record.msg == NO_COORDINATOR and now - self.begun < FIRST):
            return False
        fresh = now - self.last.get(record.msg, -self.seconds) >= self.seconds
        if fresh:
            self.last[record.msg] = now
        return fresh
