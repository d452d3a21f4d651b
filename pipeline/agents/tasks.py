"""The tasks of a worker beside its stages: snapshots, heartbeats of dead feeds, and the count of dead letters."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faust

from pipeline import topics
from pipeline.agents.heartbeats import Liveness
from pipeline.agents.host import Host
from pipeline.agents.metrics import WorkerMetrics
from pipeline.codec import encode
from pipeline.errors import UserError

LOOK = 0.5  # time between two looks for what is due [s]
LET_GO = 3.0  # to save partitions before they are given up [s]: a rebalance is noted 2 s late, and wants an answer in 6


@dataclass
class Refusal:
    """A person's mistake that shows only when the worker is at work; it ends the worker, which then reports it."""

    error: UserError | None = None

    def by(self, error: UserError) -> None:
        """End the worker as a signal does, without a traceback."""
        if self.error is None:
            self.error = error
            os.kill(os.getpid(), signal.SIGTERM)


def guarded(app: faust.App, body: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The same, where an exception ends the worker: Faust would start the agent again behind the failed message, and
    would not start a task again."""

    async def run(*arguments: Any) -> None:
        try:
            await body(*arguments)
        except Exception as error:
            await app.crash(error)
            raise

    return run


async def in_time(seconds: float, *work: Coroutine[Any, Any, None]) -> None:
    """Wait for work at most so long; the rest goes on in the background, and its later exceptions are ignored."""
    tasks = [asyncio.create_task(one) for one in work]
    done, rest = await asyncio.wait(tasks, timeout=seconds)
    for task in rest:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
    for task in done:
        task.result()


def count_letters(app: faust.App, metrics: WorkerMetrics, address: Mapping[str, bytes]) -> None:
    """Count dead letters on their topic, whichever process wrote them."""

    async def run(stream: Any) -> None:
        async for event in stream.events():
            if topics.is_for(event.headers, address):
                metrics.letter(event.value, event.headers)

    topic = topics.DEADLETTERS
    app.agent(app.topic(topic.name, partitions=topic.partitions), name="letters")(guarded(app, run))


def keep(app: faust.App, hosts: Sequence[Host], metrics: WorkerMetrics, refusal: Refusal) -> None:
    """Load the stages after every rebalance, and save them before it and at the end.

    Not after a crash: Faust calls its shutdown hooks then too, and messages behind the failure may have passed.  A
    snapshot that cannot be read is a ``refusal``.
    """

    def is_sound() -> bool:
        return app.crash_reason is None and refusal.error is None

    @app.on_partitions_revoked.connect(weak=False)
    async def _let_go(*_: Any, **__: Any) -> None:
        if is_sound():
            await in_time(LET_GO, *[host.save_due(anyway=True, acks=False) for host in hosts])
        await _rebalanced()

    @app.on_partitions_assigned.connect(weak=False)
    async def _rebalanced(*_: Any, **__: Any) -> None:
        metrics.forget()
        for host in hosts:
            host.forget()

    @app.on_rebalance_complete.connect(weak=False)
    async def _restored(*_: Any, **__: Any) -> None:
        # Faust lets messages in while it seeks the committed offsets, and then drops them, for as long as the worker
        # lives.  So none may come until it opens the flow, which is its next step.
        app.consumer.stop_flow()
        # now, not with the first message: a feed may have been silent since before
        owned = app.consumer.assignment()
        try:
            for host in hosts:
                host.begin(sorted(place.partition for place in owned if place.topic == host.topic))
        except UserError as error:
            refusal.by(error)

    @app.on_before_shutdown.connect(weak=False)
    async def _leave(*_: Any, **__: Any) -> None:
        if is_sound():
            await asyncio.gather(*[host.save_due(anyway=True) for host in hosts])

    async def keep_saving(_: Any) -> None:
        while not app.should_stop:
            await asyncio.sleep(LOOK)
            await asyncio.gather(*[host.save_due() for host in hosts])
            metrics.tidy()

    app.task(guarded(app, keep_saving))


def listen(app: faust.App, hosts: Mapping[str, Host], liveness: Liveness, address: Mapping[str, bytes]) -> None:
    """Write on a feed's topic that it is dead where its heartbeats are missing."""

    async def run(_: Any) -> None:
        while not app.should_stop:
            await asyncio.sleep(LOOK)
            stages = [(feed, p, h.stage) for feed, host in hosts.items() for p, h in host.hosted.items()]
            for beat in liveness.missing(stages, time.monotonic()):
                topic = app.topic(topics.feed(beat.feed).name)
                await topic.send(value=encode(beat), partition=beat.partition, headers=dict(address))

    app.task(guarded(app, run))
