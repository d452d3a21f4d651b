"""A consumer that goes on where the stages are, and ends although its broker is gone."""

import asyncio
import contextlib
from typing import Any

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport


class LeavingThread(AIOKafkaConsumerThread):
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

    def _new_consumer_thread(self) -> LeavingThread:
        return LeavingThread(self, loop=self.loop, beacon=self.beacon)

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
