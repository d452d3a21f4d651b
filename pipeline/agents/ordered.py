"""A Faust application in which no message overtakes one that failed."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import faust
from aiokafka.errors import UnknownError
from faust.transport.drivers.aiokafka import Producer
from faust.types.tuples import TP, RecordMetadata

from pipeline.agents.consuming import StageTransport
from pipeline.agents.host import Host

SENDER = logging.getLogger("aiokafka.producer.sender")


class Numbered(Producer):
    """Numbers its messages, so that the broker takes none behind one that did not arrive.

    Whoever reads a stage's outputs holds what comes with an older origin for a repetition: one that failed, and came
    after a restart behind newer ones, would be passed over.  The embedded broker does not number messages for this
    client; it lives in memory and beside its worker, and neither survives the other.
    """

    numbers = True
    app: "Ordered"

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


class Ordered(faust.App):
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

    def _new_producer(self) -> Numbered:
        return Numbered(self.transport, loop=self.loop, beacon=self.beacon)

    def _new_transport(self) -> StageTransport:
        return StageTransport(self.conf.broker_consumer, self)
