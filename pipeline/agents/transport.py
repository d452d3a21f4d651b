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


class ConsumerThread(AIOKafkaConsumerThread):
    """Its thread; aiokafka cancels what it asked of a broker that is gone, and raises that instead of closing."""

    async def on_thread_stop(self) -> None:
        """Close the consumer: what is raised here would leave the worker waiting for this thread for ever."""
        with contextlib.suppress(asyncio.CancelledError):
            await super().on_thread_stop()


class StageConsumer(Consumer):
    """A consumer with that thread, which starts where the stages are.

    Another worker may have acknowledged what is behind the snapshot that this one found: one that stood still for
    longer than its session wrote an older one over it.  What the stages lack is read again; its outputs are known by
    their origin.
    """

    app: Any

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        """Go back to what was acknowledged, and further where a stage is not as far."""
        await super().perform_seek()
        await self.go_back()

    async def go_back(self) -> None:
        """To where the stages are, if that is before what was acknowledged."""
        for place, offset in self.app.starts().items():
            committed = self._committed_offset[place]
            if committed is not None and committed > offset:
                await self.seek(place, offset)
                self._committed_offset[place] = offset


class StageTransport(Transport):
    """A transport with that consumer."""

    Consumer = StageConsumer


SENDER = logging.getLogger("aiokafka.producer.sender")


class OrderedProducer(Producer):
    """Numbers its messages, so that the broker takes none behind one that did not arrive.

    Whoever reads a stage's outputs holds what comes with an older origin for a repetition: one that failed, and came
    after a restart behind newer ones, would be passed over.  The embedded broker does not number messages for this
    client; it lives in memory and beside its worker, and neither survives the other.
    """

    numbers = True
    app: "OrderedApp"

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": self.numbers}

    async def on_start(self) -> None:
        """Ask for a number to begin with, and go on without where the broker has none."""
        SENDER.disabled = True  # it would call that an error
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
    """The application with that producer, a consumer that can leave, and no folder: its tables are in memory.

    ``heard``: when the broker last took a message [s of the monotonic clock].  ``hosts``: its stages.
    """

    heard = 0.0
    hosts: Sequence[Host] = ()

    def starts(self) -> dict[TP, int]:
        """The offset from which on every stage that is at work needs its messages; 0 where it found no snapshot."""
        return {TP(host.topic, p): h.offset + 1 for host in self.hosts for p, h in host.hosted.items()}

    def _create_directories(self) -> None:
        """Faust would make one where the person stands, and end where nobody may write."""

    def _new_producer(self) -> OrderedProducer:
        return OrderedProducer(self.transport, loop=self.loop, beacon=self.beacon)

    def _new_transport(self) -> StageTransport:
        return StageTransport(self.conf.broker_consumer, self)
