"""A stage's state in a Faust table: in chunks, with the offset that it stands for, read back whole or not at all."""

import zlib
from typing import Any

import msgspec

CHUNK = 900_000
"""Size of a chunk, below a broker's default limit of 1 MiB a message [bytes]."""


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot consists of; it is written last, so that a half-written one is never read."""

    offset: int
    slot: int
    chunks: int
    crc: int


class Snapshots:
    """The snapshots of one agent, one a partition.

    Two slots take turns: a worker that dies while it writes one leaves the other whole.
    """

    def __init__(self, table: Any) -> None:
        self.table = table

    def load(self, partition: int) -> tuple[int, bytes] | None:
        """Offset and state of the last whole snapshot, None where there is none."""
        raw = self.table.data.get(_key(partition, "manifest"))
        if raw is None:
            return None
        manifest = msgspec.json.decode(raw, type=Manifest)
        keys = [_key(partition, manifest.slot, i) for i in range(manifest.chunks)]
        state = b"".join(self.table.data.get(key) or b"" for key in keys)
        if zlib.crc32(state) != manifest.crc:
            raise RuntimeError(f"the snapshot of partition {partition} in {self.table.name} is damaged")
        return manifest.offset, state

    async def save(self, partition: int, offset: int, state: bytes) -> None:
        """Write a snapshot; it is with the broker when this returns."""
        raw = self.table.data.get(_key(partition, "manifest"))
        slot = 1 - msgspec.json.decode(raw, type=Manifest).slot if raw else 0
        chunks = [state[i : i + CHUNK] for i in range(0, len(state), CHUNK)]
        for i, chunk in enumerate(chunks):
            await self._write(partition, _key(partition, slot, i), chunk)
        manifest = Manifest(offset, slot, len(chunks), zlib.crc32(state))
        await self._write(partition, _key(partition, "manifest"), msgspec.json.encode(manifest))

    async def _write(self, partition: int, key: bytes, value: bytes) -> None:
        sent = await self.table.changelog_topic.send(
            key=key, value=value, partition=partition, key_serializer="raw", value_serializer="raw"
        )
        await sent
        self.table.data[key] = value


def _key(partition: int, *parts: object) -> bytes:
    return "/".join(str(part) for part in (partition, *parts)).encode()
