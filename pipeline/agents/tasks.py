"""What a worker does beside its stages: snapshots, heartbeats of dead feeds, and the count of dead letters."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faust

from pipeline import topics
from pipeline.agents.host import Host
from pipeline.agents.liveness import Liveness
from pipeline.agents.metrics import WorkerMetrics
from pipeline.codec import encode
from pipeline.errors import UserError

LOOK = 0.5
"""How often it is looked whether something is due [s]."""

LET_GO = 3.0
"""How long partitions may be saved before they go to others [s]: a worker hears up to 2 s late of a rebalance, and is
out of the group where it has not answered after 6 s."""


@dataclass
class Refusal:
    """A person's mistake that only shows once the worker is at work; it ends by itself, and then says it."""

    error: UserError | None = None

    def by(self, error: UserError) -> None:
        """End the worker, as a signal does: without a trace of calls, which would hide the sentence."""
        if self.error is None:
            self.error = error
            os.kill(os.getpid(), signal.SIGTERM)


def guarded(app: faust.App, body: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """What raises ends the worker: Faust would start an agent again behind the message that it failed on, a hole in
    what was counted, and would let a task rest."""

    async def run(*arguments: Any) -> None:
        try:
            await body(*arguments)
        except Exception as error:
            await app.crash(error)
            raise

    return run


async def in_time(seconds: float, *work: Coroutine[Any, Any, None]) -> None:
    """Wait for work for so long at most; what is not done goes on behind, and what it raises then counts no more."""
    tasks = [asyncio.create_task(one) for one in work]
    done, rest = await asyncio.wait(tasks, timeout=seconds)
    for task in rest:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
    for task in done:
        task.result()


def count_letters(app: faust.App, metrics: WorkerMetrics, address: Mapping[str, bytes]) -> None:
    """Dead letters are counted where they end up, whoever wrote them."""

    async def run(stream: Any) -> None:
        async for event in stream.events():
            if topics.is_for(event.headers, address):
                metrics.letter(event.value, event.headers)

    topic = topics.DEADLETTERS
    app.agent(app.topic(topic.name, partitions=topic.partitions), name="letters")(guarded(app, run))


def keep(app: faust.App, hosts: Sequence[Host], metrics: WorkerMetrics, refusal: Refusal) -> None:
    """Stages start from their snapshots after every rebalance, and leave one behind before it and at the end, unless it
    is a crash: Faust calls its shutdown hooks then too, while messages that came behind the failure may have gone on.

    What is not in a snapshot when a partition goes is counted again by whoever owns it next.  A snapshot that cannot be
    read is a ``refusal``.
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
        # Faust lets messages in while it goes back to the committed offsets, and then clears what has come: lost for as
        # long as the worker lives.  So nothing may come until it opens the flow, which is its next step.
        app.consumer.stop_flow()
        # at once, not with the first message: a feed that is silent since before has to be found out
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
            metrics.tidy(time.monotonic())

    app.task(guarded(app, keep_saving))


def listen(app: faust.App, hosts: Mapping[str, Host], liveness: Liveness, address: Mapping[str, bytes]) -> None:
    """A feed whose heartbeats are missing is said to be dead, on its own topic."""

    async def run(_: Any) -> None:
        while not app.should_stop:
            await asyncio.sleep(LOOK)
            stages = [(feed, p, h.stage) for feed, host in hosts.items() for p, h in host.hosted.items()]
            for beat in liveness.missing(stages, time.monotonic()):
                topic = app.topic(topics.feed(beat.feed).name)
                await topic.send(value=encode(beat), partition=beat.partition, headers=dict(address))

    app.task(guarded(app, run))
