"""The Faust application: one agent for each stage, each between two topics."""

import ssl
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import faust

from pipeline import topics
from pipeline.agents.heartbeats import Liveness
from pipeline.agents.host import Accept, Host, Stage
from pipeline.agents.messages import OF_STAGE, Output, of_feed, route
from pipeline.agents.metrics import WorkerMetrics
from pipeline.agents.snapshots import SnapshotFiles, Snapshots
from pipeline.agents.tasks import Refusal, count_letters, guarded, keep, listen
from pipeline.agents.transport import OrderedApp
from pipeline.engine import Engine
from pipeline.feeds import FEEDS
from pipeline.kafka.reader import HEADER
from pipeline.kafka.security import Security
from pipeline.records import Frame
from pipeline.state import FORMS
from pipeline.topics import BATCH_HEAD, MAX_MESSAGE, Topic


def application(
    engine: Engine, broker: str, security: Security, feeds: Iterable[str], metrics: WorkerMetrics,
    group: str = "netvigil", folder: Path | None = None,
) -> tuple[OrderedApp, Refusal]:  # fmt: skip
    """The application that hosts the whole path for these feeds, and the mistake of a person that ends it, if any.

    More workers share the partitions as a Kafka group.  ``folder``: of the snapshots, for one worker alone.
    """
    app = OrderedApp(
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
        table_standby_replicas=0,  # snapshots are read when a partition comes, not copied by every worker
        store="memory://",
    )
    agent = partial(_agent, app, metrics, folder, topics.address(group))
    bins = {
        feed: agent(topics.feed(feed), f"bin-{feed}", partial(engine.bin, feed), of_feed(feed), str(FORMS["bin"]), feed)
        for feed in feeds
    }
    stages: dict[str, Callable[[int], Stage]] = {
        "merge": lambda _: engine.merge(),
        "judge": lambda _: engine.judge(),
        "fuse": engine.fuse,
    }
    forms = {stage: str(FORMS[stage]) for stage in stages}
    forms["judge"] += f" {engine.judge().form()}"
    behind = [
        agent(topic, stage, stages[stage], OF_STAGE[stage], forms[stage]) for stage, topic in topics.STAGES.items()
    ]
    app.hosts = hosts = [*bins.values(), *behind]
    metrics.liveness = Liveness(engine.settings.silence, {feed: FEEDS[feed].signals for feed in bins})
    refusal = Refusal()
    keep(app, hosts, metrics, refusal)
    listen(app, bins, metrics.liveness, topics.address(group))
    count_letters(app, metrics, topics.address(group))
    return app, refusal


def _agent(
    app: faust.App, metrics: WorkerMetrics, folder: Path | None, address: dict[str, bytes], topic: Topic, name: str,
    make: Callable[[int], Stage], accept: Accept, form: str, feed: str = topics.PATH,
) -> Host:  # fmt: skip
    """One agent: reads a topic, hosts a stage for each partition, and keeps their snapshots in a table or folder."""
    snapshots: Snapshots | SnapshotFiles
    if folder is None:
        table = app.Table(topics.snapshots(name), partitions=topic.partitions, key_type=bytes, value_type=bytes)
        snapshots = Snapshots(table, form=form)
    else:
        snapshots = SnapshotFiles(folder, name, form)
    host = Host(
        topic.name, name, make, snapshots, accept, partial(_emit, app, metrics, address),
        metrics.resume, feed, address=address,
    )  # fmt: skip
    app.agent(app.topic(topic.name, partitions=topic.partitions), name=name)(guarded(app, host.run))
    return host


async def _emit(
    app: faust.App, metrics: WorkerMetrics, address: dict[str, bytes], output: Output | None, frame: Frame | None,
    source: bytes,
) -> list[Awaitable[Any]]:  # fmt: skip
    metrics.note(frame, output, source)
    message = route(output, frame) if output is not None else None
    if message is None:
        return []
    topic = app.topic(message.topic.name)
    headers = {"run": message.run.encode()} | address | ({HEADER: source} if source else {})
    return [
        await topic.send(key=message.key.encode(), value=message.value, partition=message.partition, headers=headers)
    ]


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
