"""Addresses, TLS and SASL: from the environment, refused in one sentence, never shown."""

import asyncio
import gc
import logging
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from pipeline.errors import UserError
from pipeline.kafka.create_topics import create
from pipeline.kafka.embedded import HOST, free_port
from pipeline.kafka.security import PLAIN, PREFIX, Secret, Security, from_environment, parse
from pipeline.kafka.transport import Sender
from pipeline.topics import Topic
from tests.kafka.collected import collect
from tests.live import apache

# kafka-python 3.0.12 leaves the socket of a failed TLS handshake to the garbage collector.
pytestmark = [pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning"), pytest.mark.usefixtures("rubbish")]


@pytest.fixture(scope="module")
def rubbish() -> Iterator[None]:
    """It is collected here, and not in another test."""
    yield
    gc.collect()


PASSWORD = "correct horse"


def environment(**values: object) -> dict[str, str]:
    return {PREFIX + name: str(value) for name, value in values.items()} | {"HOME": "/root"}


@pytest.mark.parametrize(
    ("url", "bootstrap"),
    [
        ("kafka://127.0.0.1:9092", "127.0.0.1:9092"),
        ("kafka://kafka-1.example:9092,kafka-2.example:9093", "kafka-1.example:9092,kafka-2.example:9093"),
        ("kafka://[::1]:9092", "[::1]:9092"),
    ],
)
def test_brokers_are_named_by_host_and_port(url, bootstrap):
    assert parse(url) == bootstrap


@pytest.mark.parametrize(
    "url",
    ["", "kafka://", "kafka://host", "kafka://:9092", "kafka://host:0", "kafka://host:99999", "kafka://host:port",
     "http://host:9092", "kafka://host:9092/topic", "kafka://host:9092,", "kafka://u:p@host:1", "kafka://a b:1",
     "kafka://host:9092?x", "kafka://[::1:9092", "kafka://host:9092;other:9092"],
)  # fmt: skip
def test_an_impossible_address_is_refused_in_one_sentence(url):
    with pytest.raises(UserError) as caught:
        parse(url)
    assert str(caught.value) == f"--broker {url!r} is not kafka://HOST:PORT[,HOST:PORT]"


def test_without_settings_the_connection_is_plain():
    assert from_environment({"PATH": "/bin", f"{PREFIX}PASSWORD": ""}) == PLAIN


def test_a_password_is_never_shown(caplog):
    from kafka import KafkaAdminClient

    security = from_environment(
        environment(SECURITY_PROTOCOL="SASL_PLAINTEXT", USERNAME="netvigil", PASSWORD=PASSWORD, SASL_MECHANISM="PLAIN")
    )
    assert PASSWORD not in repr(security)
    assert PASSWORD not in repr(security.settings())
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match="bootstrap"):
        KafkaAdminClient(bootstrap_servers="127.0.0.1:1", bootstrap_timeout_ms=1, **security.settings())
    assert "Starting KafkaAdminClient with configuration" in caplog.text
    assert PASSWORD not in caplog.text
    assert security.settings()["sasl_plain_password"] == PASSWORD


def test_a_password_comes_from_a_file(tmp_path):
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    security = from_environment(
        environment(SECURITY_PROTOCOL="SASL_PLAINTEXT", USERNAME="netvigil", PASSWORD_FILE=tmp_path / "secret")
    )
    assert (security.mechanism, security.password) == ("SCRAM-SHA-512", Secret(PASSWORD))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL is 'TLS'"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "SASL_MECHANISM": "GSSAPI"}, "SASL_MECHANISM is 'GSSAPI'"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "PASSWORD": "x"}, "USERNAME is not set"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "USERNAME": "x"}, "PASSWORD is not set"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "USERNAME": "x", "PASSWORD_FILE": "/none"}, "PASSWORD_FILE is '/none'"),
        ({"SECURITY_PROTOCOL": "SSL", "CA_FILE": "/nowhere"}, "CA_FILE=/nowhere"),
        ({"SECURITY_PROTOCOL": "SSL", "PASSWORD": "x"}, "PASSWORD is set, but"),
        ({"CA_FILE": "ca.pem"}, "CA_FILE is set, but"),
        ({"SECURTY_PROTOCOL": "SSL"}, "SECURTY_PROTOCOL"),
    ],
)
def test_a_setting_that_is_unknown_missing_or_contradictory_is_named(given, named):
    with pytest.raises(UserError, match=PREFIX + named):
        from_environment(environment(**given))


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, and its key, in one file for Kafka."""
    openssl(
        tmp_path, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days", "2",
        "-subj", "/CN=broker", "-addext", f"subjectAltName=IP:{HOST}",
    )  # fmt: skip
    (tmp_path / "both.pem").write_text((tmp_path / "key.pem").read_text() + (tmp_path / "ca.pem").read_text())
    return tmp_path


async def first_by_aiokafka(bootstrap: str, topic: str, security: Security) -> bytes:
    """The first message of a topic by Faust's transport."""
    settings = security.settings()
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", **settings
    ) as consumer:
        return (await consumer.getone()).value


@pytest.mark.sockets
@pytest.mark.kafka
@pytest.mark.slow
def test_messages_pass_through_tls_and_a_password(java, certificate):
    plain, secure, controller = free_port(), free_port(), free_port()
    listeners = f"PLAINTEXT://{HOST}:{plain},SASL_SSL://{HOST}:{secure}"
    user = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_netvigil="{PASSWORD}";'
    broker = apache.prepare(
        certificate / "kafka",
        plain,
        {
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": user,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificate / "both.pem"),
        },
    )
    asked = environment(
        SECURITY_PROTOCOL="SASL_SSL", SASL_MECHANISM="PLAIN", USERNAME="netvigil", PASSWORD=PASSWORD,
        CA_FILE=certificate / "ca.pem",
    )  # fmt: skip
    security, topic = from_environment(asked), Topic("netvigil.test.secret", "bytes", "any", 2, 3600)
    broker.start()
    try:
        create(f"{HOST}:{secure}", [topic], security)
        with Sender(f"{HOST}:{secure}", security) as sender:
            sender.send(topic.name, b"through", 1)
        assert collect(f"{HOST}:{secure}", topic.name, security) == [b"through"]
        assert asyncio.run(first_by_aiokafka(f"{HOST}:{secure}", topic.name, security)) == b"through"
        wrong = from_environment(asked | {f"{PREFIX}PASSWORD": "wrong"})
        with pytest.raises(UserError, match=f"no Kafka broker answers at {HOST}:{secure}"):
            create(f"{HOST}:{secure}", [topic], wrong, patience=2)
        stranger = from_environment({name: value for name, value in asked.items() if "CA_FILE" not in name})
        with pytest.raises(UserError, match=f"no Kafka broker answers at {HOST}:{secure}"):
            create(f"{HOST}:{secure}", [topic], stranger, patience=2)
    finally:
        broker.stop()


def test_tls_checks_certificates_and_host_names():
    security = from_environment(environment(SECURITY_PROTOCOL="SSL"))
    assert security.tls is not None
    assert (security.tls.verify_mode, security.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
