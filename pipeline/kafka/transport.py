"""A sender of messages with plain kafka-python, for ingest and replay; the agents have Faust's own."""

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.net.compat import KafkaNetClient

from pipeline.errors import UserError
from pipeline.kafka.security import PLAIN, Security
from pipeline.topics import BATCH_HEAD, MAX_MESSAGE

WINDOW = 64 * 2**20  # most that may be unacknowledged before `Sender.send` waits [bytes]
BOOTSTRAP = 30.0  # how long a broker may take for its first answer [s]
RECONNECT = 1.0  # longest pause between two attempts to reach a lost broker [s]; the library's half minute is too long
DELIVERY = 120.0  # how long one message may take, retries included [s]: longer than a broker's restart
REQUEST = 30.0  # how long one request may take before it is tried again [s]
NO_HEADERS: Mapping[str, bytes] = MappingProxyType({})


class Sender:
    """Sends messages, each once and in order, acknowledged by all replicas.

    A message that was not delivered raises at the next `send` or `flush`.  `send` waits while more than ``window``
    bytes are unacknowledged.  ``sent``: messages that were acknowledged [-]; ``flying``: what was not yet [bytes].
    """

    def __init__(self, bootstrap: str, security: Security = PLAIN, window: int = WINDOW) -> None:
        self.bootstrap, self.window = bootstrap, window
        self.sent = 0
        self._waiting: deque[tuple[Any, int]] = deque()
        self.flying = 0
        self._producer = opened(
            KafkaProducer, bootstrap, security, acks="all", enable_idempotence=True, allow_auto_create_topics=False,
            delivery_timeout_ms=int(DELIVERY * 1000), request_timeout_ms=int(REQUEST * 1000),
            max_block_ms=int(BOOTSTRAP * 1000), max_request_size=MAX_MESSAGE + BATCH_HEAD,
        )  # fmt: skip

    def send(
        self, topic: str, value: bytes, partition: int, key: str = "", headers: Mapping[str, bytes] = NO_HEADERS
    ) -> None:
        """Send one message; UserError where it is too large, the topic does not exist, or an earlier message failed.

        Its partition is `pipeline.topics.partition_for` of its key, or that of its frame.
        """
        if len(value) > MAX_MESSAGE:
            raise UserError(f"a message of {len(value)} bytes for {topic}: more than {MAX_MESSAGE} are not sent")
        try:
            future = self._producer.send(
                topic, value=value, key=key.encode() or None, partition=partition, headers=list(headers.items())
            )
        except (KafkaError, AssertionError, ValueError) as error:
            raise UserError(f"{topic} on {self.bootstrap} does not take partition {partition}: {error}") from error
        self._waiting.append((future, len(value)))
        self.flying += len(value)
        while self.flying > self.window or (self._waiting and self._waiting[0][0].is_done):
            self._land()

    def flush(self) -> None:
        """Wait until all that was sent is acknowledged."""
        while self._waiting:
            self._land()

    def close(self) -> None:
        """Close the connection, and give up what is not acknowledged."""
        try:
            self._producer.close(timeout=1)
        except KafkaError:  # it waits for the broker first, and would again whenever it is collected
            self._producer._sender.force_close()
            self._producer.close(timeout=1)

    def _land(self) -> None:
        future, size = self._waiting.popleft()
        self.flying -= size
        try:
            future.get(timeout=DELIVERY + BOOTSTRAP)
        except KafkaError as error:
            raise UserError(f"the broker at {self.bootstrap} did not take a message: {error}") from error
        self.sent += 1

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close()


def opened(
    client: Callable[..., Any], bootstrap: str, security: Security, patience: float = BOOTSTRAP, **more: Any
) -> Any:
    """A kafka-python client that has found its broker within ``patience`` [s]; else UserError."""
    network: list[KafkaNetClient] = []

    def connect(**settings: Any) -> KafkaNetClient:
        network.append(KafkaNetClient(**settings))
        return network[-1]

    settings = {
        "bootstrap_servers": bootstrap.split(","),
        "bootstrap_timeout_ms": int(patience * 1000),
        "reconnect_backoff_max_ms": int(RECONNECT * 1000),
        "kafka_client": connect,
    }
    try:
        return client(**settings, **security.settings(), **more)
    except (KafkaError, OSError) as error:
        for open_one in network:  # kafka-python would leave its thread running
            open_one.close()
        why = "" if isinstance(error, KafkaTimeoutError) else f": {error}"
        raise UserError(f"no Kafka broker answers at {bootstrap} within {patience:g} s{why}") from error
