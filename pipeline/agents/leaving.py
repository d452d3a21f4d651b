"""A consumer that ends although its broker is gone."""

import asyncio
import contextlib

from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport


class LeavingThread(AIOKafkaConsumerThread):
    """Its thread; aiokafka cancels what it asked of a broker that is gone, and raises that instead of closing."""

    async def on_thread_stop(self) -> None:
        """Close the consumer: what is raised here would leave the worker waiting for this thread for ever."""
        with contextlib.suppress(asyncio.CancelledError):
            await super().on_thread_stop()


class LeavingConsumer(Consumer):
    """A consumer with that thread."""

    def _new_consumer_thread(self) -> LeavingThread:
        return LeavingThread(self, loop=self.loop, beacon=self.beacon)


class LeavingTransport(Transport):
    """A transport with that consumer."""

    Consumer = LeavingConsumer
