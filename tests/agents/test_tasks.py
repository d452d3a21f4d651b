"""What a worker does with its stages' states at a rebalance."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from faust.types.tuples import TP
from prometheus_client import CollectorRegistry

from pipeline.agents.host import Host
from pipeline.agents.metrics import WorkerMetrics
from pipeline.agents.snapshots import Mark, Snapshots
from pipeline.agents.tasks import Refusal, keep
from pipeline.serve.metrics import Metrics
from tests.agents.hosts import Changelog, Event, Worker, numbers, played, table


@dataclass
class Hook:
    """One of Faust's signals."""

    heard: list[Callable[..., Any]] = field(default_factory=list)

    def connect(self, weak: bool) -> Callable[..., Any]:
        assert not weak
        return lambda body: self.heard.append(body) or body

    async def send(self) -> None:
        for body in self.heard:
            await body()


class App(SimpleNamespace):
    """What `keep` asks of a Faust application."""

    def __init__(self, *hosts: Host) -> None:
        hooks = {"on_partitions_revoked", "on_partitions_assigned", "on_rebalance_complete", "on_before_shutdown"}
        super().__init__(crash_reason=None, task=lambda body: body, **{name: Hook() for name in hooks})
        keep(self, hosts, WorkerMetrics(Metrics.on(CollectorRegistry())), Refusal())  # type: ignore[arg-type]


@played
async def test_the_next_owner_of_a_partition_goes_on_where_it_was_given_up() -> None:
    changelog = Changelog()
    first, events = Worker(changelog), numbers(0, 3)
    app = App(first.host)
    await first.take(*events)
    await app.on_partitions_revoked.send()
    assert first.host.hosted == {}
    assert not any(event.acked for event in events)  # Faust would commit in the midst of a rebalance
    second = Worker(changelog)
    await second.take(*numbers(0, 4))
    assert [sum for sum, _ in first.said + second.said] == [1, 3, 6, 10]


@played
async def test_a_message_that_comes_before_the_state_is_there_is_left_to_come_again() -> None:
    changelog = Changelog()
    worker = Worker(changelog)
    app = App(worker.host)
    await worker.take(*numbers(0, 3))
    await app.on_partitions_revoked.send()
    worker.host.snapshots.table.data = {}  # Faust is about to read it
    early = Event(3, b"4")
    await worker.take(early)
    await worker.host.save_due(anyway=True)
    worker.host.snapshots.table.data = changelog.recovered()
    app.consumer = SimpleNamespace(stop_flow=lambda: None, assignment=lambda: {TP("numbers", 0)})
    await app.on_rebalance_complete.send()
    await worker.take(*numbers(2, 5))
    assert [sum for sum, _ in worker.said] == [1, 3, 6, 10, 15]
    assert not early.acked


@played
async def test_a_worker_that_crashed_gives_up_its_partitions_as_they_were_saved() -> None:
    changelog = Changelog()
    worker = Worker(changelog)
    app = App(worker.host)
    await worker.take(*numbers(0, 3))
    app.crash_reason = ZeroDivisionError("a bug")
    await app.on_partitions_revoked.send()
    assert (worker.host.hosted, changelog.written) == ({}, [])


@played
async def test_a_broker_that_does_not_answer_does_not_block_a_rebalance() -> None:
    answers = asyncio.Event()

    class Held(Changelog):
        async def send(self, key: bytes, value: bytes | None, **more: Any) -> Any:
            await answers.wait()
            return await super().send(key, value, **more)

    changelog = Held()
    worker = Worker(changelog)
    app = App(worker.host)
    await worker.take(*numbers(0, 3))
    await asyncio.wait_for(app.on_partitions_revoked.send(), 10)
    answers.set()
    worker.host.begin([0])
    await worker.take(Event(0, b"1"))
    await worker.host.save_due(anyway=True)
    assert Snapshots(table(changelog)).load(0) == (Mark(0), b"1")  # not the late one
