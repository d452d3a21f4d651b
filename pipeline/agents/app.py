"""The Faust application: one agent for each stage, each between two topics."""

import ssl
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

import faust

from pipeline import topics
from pipeline.agents.host import Host, Stage
from pipeline.agents.noting import Noting
from pipeline.agents.routes import Output, route
from pipeline.agents.snapshots import Snapshots
from pipeline.brokers.security import Security
from pipeline.engine import Engine
from pipeline.records import Frame
from pipeline.topics import BATCH_HEAD, MAX_MESSAGE, Topic


def application(
    engine: Engine, broker: str, security: Security, feeds: Iterable[str], noting: Noting, group: str = "netvigil"
) -> tuple[faust.App, list[Host]]:
    """The application that hosts the whole path for these feeds, and its hosts.

    Scale out by starting more of them: Kafka's groups share the partitions out.
    """
    app = faust.App(
        group,
        broker=[f"kafka://{address}" for address in broker.split(",")],
        broker_credentials=_credentials(security),
        value_serializer="raw",
        key_serializer="raw",
        topic_allow_declare=False,  # netvigil creates its topics: partitions and retention are set in one file
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=2 * MAX_MESSAGE,
        producer_max_request_size=MAX_MESSAGE + BATCH_HEAD,
        broker_session_timeout=6,  # a killed worker is replaced after 6 s, not 60
        broker_rebalance_timeout=6,
        broker_heartbeat_interval=2,
        broker_commit_interval=1.0,
        stream_wait_empty=False,  # messages wait for their snapshot: a rebalance must not wait for them
        store="memory://",
    )
    agent = partial(_agent, app, noting)
    hosts = [agent(topics.feed(feed), f"bin-{feed}", partial(engine.bin, feed)) for feed in feeds]
    stages: dict[str, Callable[[int], Stage]] = {
        "merge": lambda _: engine.merge(),
        "judge": lambda _: engine.judge(),
        "fuse": engine.fuse,
    }
    hosts += [agent(topic, stage, stages[stage]) for stage, topic in topics.STAGES.items()]
    _keep(app, hosts, noting)
    return app, hosts


def _agent(app: faust.App, noting: Noting, topic: Topic, name: str, make: Callable[[int], Stage]) -> Host:
    """One agent: reads a topic, hosts a stage for each of its partitions, keeps their snapshots in a table."""
    table = app.Table(topics.snapshots(name), partitions=topic.partitions, key_type=bytes, value_type=bytes)
    host = Host(name, make, Snapshots(table), partial(_emit, app, noting), noting.resume)

    async def run(stream: Any) -> None:
        try:
            await host.run(stream)
        except Exception as error:
            # Faust would start the agent again behind the message that it failed on: a hole in what was counted
            await app.crash(error)
            raise

    app.agent(app.topic(topic.name, partitions=topic.partitions), name=name)(run)
    return host


async def _emit(app: faust.App, noting: Noting, output: Output | None, frame: Frame | None) -> list[Awaitable[Any]]:
    noting.note(frame, output)
    message = route(output, frame) if output is not None else None
    if message is None:
        return []
    topic = app.topic(message.topic.name)
    headers = {"run": message.run.encode()}
    return [
        await topic.send(key=message.key.encode(), value=message.value, partition=message.partition, headers=headers)
    ]


def _keep(app: faust.App, hosts: list[Host], noting: Noting) -> None:
    """Stages start from their snapshots after every rebalance; snapshots are written even when no message comes."""

    @app.on_partitions_revoked.connect(weak=False)
    @app.on_partitions_assigned.connect(weak=False)
    async def _rebalanced(*_: Any, **__: Any) -> None:
        noting.metrics.forget()
        for host in hosts:
            host.forget()

    @app.timer(interval=1.0)
    async def _save() -> None:
        for host in hosts:
            await host.save_due()


def _credentials(security: Security) -> Any:
    """Faust's own form of the security settings."""
    if security.mechanism:
        return faust.SASLCredentials(
            username=security.username,
            password=security.password,
            ssl_context=security.tls or (ssl.create_default_context() if security.protocol == "SASL_SSL" else None),
            mechanism=security.mechanism,
        )
    return faust.SSLCredentials(context=security.tls) if security.tls is not None else None
