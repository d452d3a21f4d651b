"""The Faust application with a producer and a consumer that keep the order of messages and survive a lost broker."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import faust
from aiokafka.errors import UnknownError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Producer, Transport
from faust.types.tuples import TP, RecordMetadata

from pipeline.agents.host import Host

SENDER = logging.getLogger("aiokafka.producer.sender")


class ConsumerThread(AIOKafkaConsumerThread):
    """A consumer's thread that can end: aiokafka cancels its requests to a lost broker, and raises that."""

    async def on_thread_stop(self) -> None:
        """Close the consumer; an exception here would leave the worker waiting for this thread for ever."""
        with contextlib.suppress(asyncio.CancelledError):
            await super().on_thread_stop()


class StageConsumer(Consumer):
    """A consumer that starts at the offsets of the stages.

    The acknowledged offset may be ahead of the snapshot: a worker that stood still for longer than its session can
    write an older snapshot over a newer one.  The missing messages are read again; readers know repeated outputs by
    their origin.
    """

    app: Any

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Go to the acknowledged offsets, and back to where the stages are."""
        await super().perform_seek()
        await self.go_back()

    async def go_back(self) -> None:
        """Go to the stages' offsets where these are before the acknowledged ones."""
        for place, offset in self.app.starts().items():
            committed = self._committed_offset[place]
            if committed is not None and committed > offset:
                await self.seek(place, offset)
                self._committed_offset[place] = offset


class StageTransport(Transport):
    """A transport with that consumer."""

    Consumer = StageConsumer


class OrderedProducer(Producer):
    """Numbers its messages, so that the broker takes none after one that did not arrive.

    Readers take an older origin for a repetition: a message that failed, and came after a restart behind newer ones,
    would be passed over.  The embedded broker gives no numbers to this client; it keeps nothing in any case.
    """

    numbers = True
    app: "OrderedApp"

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": self.numbers}

    async def on_start(self) -> None:
        """Ask for a number, and go on without where the broker has none."""
        SENDER.disabled = True  # it would log that as an error
        try:
            await super().on_start()
        except UnknownError:
            self.numbers = False
            if self._producer is not None:
                await self._producer.stop()
            await super().on_start()
        finally:
            SENDER.disabled = False

    async def send(self, *args: Any, **options: Any) -> Awaitable[RecordMetadata]:
        """Send a message; the application notes when the broker has it."""
        sent = asyncio.ensure_future(await super().send(*args, **options))
        sent.add_done_callback(self._hear)
        return sent

    def _hear(self, sent: "asyncio.Future[RecordMetadata]") -> None:
        if not sent.cancelled() and sent.exception() is None:
            self.app.heard = time.monotonic()


class OrderedApp(faust.App):
    """The application with that producer and transport, and without a folder: its tables are in memory.

    ``heard``: when the broker last took a message [s of the monotonic clock].  ``hosts``: its stages.
    """

    heard = 0.0
    hosts: Sequence[Host] = ()

    def starts(self) -> dict[TP, int]:
        """The first offset that each stage at work needs; 0 without a snapshot."""
        return {TP(host.topic, p): h.offset + 1 for host in self.hosts for p, h in host.hosted.items()}

    def _create_directories(self) -> None:
        """None: Faust's own would be made in the current folder."""

    def _new_producer(self) -> OrderedProducer:
        return OrderedProducer(self.transport, loop=self.loop, beacon=self.beacon)

    def _new_transport(self) -> StageTransport:
        return StageTransport(self.conf.broker_consumer, self)
