"""Topics, messages and runs through both brokers, and what happens where there is none."""

import os
import subprocess
import sys
import threading
from zlib import crc32

import kafka
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from pipeline.errors import UserError
from pipeline.feeds import FEEDS
from pipeline.kafka.create_topics import create, main
from pipeline.kafka.embedded import embedded
from pipeline.kafka.reader import Reader
from pipeline.kafka.security import PLAIN
from pipeline.kafka.transport import Sender, opened
from pipeline.topics import MAX_MESSAGE, Topic, every, feed
from tests.kafka.collected import collect

pytestmark = pytest.mark.sockets

BOTH = [
    pytest.param("embedded_broker", id="embedded"),
    pytest.param("apache_broker", id="apache", marks=pytest.mark.kafka),
]


@pytest.fixture(params=BOTH)
def broker(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param)


@pytest.fixture
def topic(broker: str, request: pytest.FixtureRequest) -> Topic:
    """A topic that only this test uses."""
    made = Topic(f"netvigil.test.{crc32(request.node.nodeid.encode())}", "bytes", "any", 4, 3600)
    create(broker, [made])
    return made


def test_messages_of_a_partition_stay_in_order_within_the_window_of_the_sender(broker, topic):
    with Sender(broker, window=1000) as sender:
        for number in range(400):
            sender.send(topic.name, b"%d" % number, number % topic.partitions)
            assert sender.flying <= 1000
    received = [int(message) for message in collect(broker, topic.name)]
    for partition in range(topic.partitions):
        assert [n for n in received if n % topic.partitions == partition] == list(range(partition, 400, 4))


def test_the_largest_message_passes_and_a_larger_one_is_refused_by_name(broker, topic):
    largest = os.urandom(MAX_MESSAGE)
    with Sender(broker) as sender:
        sender.send(topic.name, largest, 0, key="PK")
        with pytest.raises(UserError, match=f"{MAX_MESSAGE + 1} bytes for {topic.name}"):
            sender.send(topic.name, largest + b"x", 0)
    assert collect(broker, topic.name) == [largest]


def test_a_reader_takes_its_own_run_from_now_on_and_nothing_else(broker, topic):
    def produce(value: bytes, run: str) -> None:
        with opened(KafkaProducer, broker, PLAIN) as producer:
            producer.send(topic.name, value, partition=3, headers=[("run", run.encode())]).get(10)

    produce(b"before", "a")
    with Reader(broker, [topic.name], run="a") as reader:
        produce(b"another's", "b")
        produce(b"ours", "a")
        found = []
        while not found:
            found = reader.poll(0.2, silence=10)
        assert found == [(topic.name, b"ours")]
        with pytest.raises(UserError, match=r"nothing has come back from the workers on .* for 0 s"):
            reader.poll(0.01, silence=0)


def test_every_topic_is_created_once_with_its_partitions_and_another_number_is_an_error(broker):
    topics = every(FEEDS)
    create(broker, topics)
    assert create(broker, topics) == []
    with opened(KafkaAdminClient, broker, PLAIN) as admin:
        found = {t["name"]: len(t["partitions"]) for t in admin.describe_topics([t.name for t in topics])}
    assert found == {topic.name: topic.partitions for topic in topics}
    create(broker, [Topic("netvigil.test.narrow", "bytes", "any", 2, 3600)])
    with pytest.raises(UserError, match=r"netvigil.test.narrow on .* has 2 partitions instead of 4"):
        create(broker, [Topic("netvigil.test.narrow", "bytes", "any", 4, 3600)])


@pytest.mark.kafka
def test_apache_keeps_to_retention_and_compaction_and_stamps_replayed_history_itself(apache_broker):
    topics = every(["rislive", "stamps"])
    create(apache_broker, topics)
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    with opened(KafkaAdminClient, apache_broker, PLAIN) as admin:
        told = admin.describe_configs(resources, config_filter="all")["topic"]
    for topic in topics:
        assert {key: told[topic.name][key]["value"] for key in topic.settings()} == topic.settings()
    with opened(KafkaProducer, apache_broker, PLAIN) as producer:
        for stamp in (0, 2**42):
            producer.send(feed("stamps").name, b"x", partition=0, timestamp_ms=stamp).get(10)
    with opened(KafkaConsumer, apache_broker, PLAIN, auto_offset_reset="earliest", group_id=None) as consumer:
        consumer.assign([TopicPartition(feed("stamps").name, 0)])
        stamps = [record.timestamp for _, record in zip(range(2), consumer, strict=False)]
    assert max(stamps) - min(stamps) < 60_000


@pytest.mark.kafka
def test_a_topic_or_a_partition_that_is_missing_is_an_error_and_is_not_created(apache_broker):
    with pytest.raises(UserError, match=r"there is no topic netvigil.test.nowhere on"):
        Reader(apache_broker, ["netvigil.test.nowhere"])
    assert create(apache_broker, [Topic("netvigil.test.nowhere", "bytes", "any", 1, 3600)])
    with Sender(apache_broker) as sender, pytest.raises(UserError, match="does not take partition 7"):
        sender.send("netvigil.test.nowhere", b"x", 7)


@pytest.mark.kafka
def test_two_that_create_the_topics_at_once_both_succeed(apache_broker):
    racers = [Topic(f"netvigil.race.{number}", "bytes", "any", 2, 3600) for number in range(3)]
    command = "from pipeline.kafka.create_topics import create; from pipeline.topics import Topic; "
    command += f"create({apache_broker!r}, {racers!r})"
    children = [subprocess.Popen([sys.executable, "-c", command]) for _ in range(2)]
    assert [child.wait(30) for child in children] == [0, 0]


@pytest.mark.parametrize("broker_url", ["localhost", "kafka://127.0.0.1:1"])
def test_the_topics_service_ends_with_2_and_one_sentence_without_a_broker(broker_url, capsys):
    assert main(["--broker", broker_url, "--patience", "0.5"]) == 2
    error = capsys.readouterr().err
    assert broker_url.removeprefix("kafka://") in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("client", ["KafkaAdminClient", "KafkaConsumer", "KafkaProducer"])
def test_a_client_that_finds_no_broker_leaves_nothing_running(client):
    before = threading.active_count()
    with pytest.raises(UserError, match=r"no Kafka broker answers at 127.0.0.1:1 within 0.2 s$"):
        opened(getattr(kafka, client), "127.0.0.1:1", PLAIN, patience=0.2)
    assert threading.active_count() == before


def test_a_sender_is_closed_though_its_broker_is_gone() -> None:
    with embedded() as broker:
        create(broker, [topic := Topic("netvigil.test.gone", "bytes", "any", 1, 3600)])
        sender = Sender(broker)
        sender.send(topic.name, b"one", 0)
        sender.flush()
    sender.send(topic.name, b"two", 0)
    sender.close()
    with pytest.raises(UserError, match="did not take a message"):
        sender.flush()
