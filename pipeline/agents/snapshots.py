"""A stage's state in a Faust table: in chunks, with what it stands for, read back whole or not at all."""

import asyncio
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from pipeline.errors import UserError

CHUNK = 900_000
"""Size of a chunk, below a broker's default limit of 1 MiB a message [bytes]."""

MANIFEST = "manifest"


class Mark(msgspec.Struct, frozen=True):
    """What a state stands for: it contains every message up to an offset, and has heard its sources so far."""

    offset: int
    heard: dict[str, tuple[int, int]] = {}


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot consists of; it is written last, so that a half-written one is never read."""

    mark: Mark
    slot: int
    chunks: int
    crc: int
    form: str = ""


class Snapshots:
    """The snapshots of one agent, one a partition.

    Two slots take turns: a worker that dies while it writes one leaves the other whole.  Every worker writes under a
    name of its own: one that was held up and writes on although its partition has gone to another spoils nothing.
    The newest whole snapshot counts, whoever wrote it; what earlier owners left is then deleted.

    Parameters
    ----------
    table
        The Faust table.
    owner
        Name under which this worker writes; a random one unless given.
    form
        Form of the state: one that was saved in another cannot be read.
    """

    def __init__(self, table: Any, owner: str = "", form: str = "") -> None:
        self.table, self.owner, self.form = table, owner or uuid.uuid4().hex[:8], form
        self.slots: dict[int, int] = {}
        self.swept: set[int] = set()

    def load(self, partition: int) -> tuple[Mark, bytes] | None:
        """The last whole snapshot and what it stands for, None where there is none.

        Raises
        ------
        UserError
            It has another form.
        """
        self.swept.discard(partition)  # another worker may have written since this one last did
        found = sorted(self._manifests(partition), key=lambda pair: pair[1].mark.offset, reverse=True)
        for owner, manifest in found:
            keys = [_key(partition, owner, manifest.slot, i) for i in range(manifest.chunks)]
            state = b"".join(self.table.data.get(key) or b"" for key in keys)
            if zlib.crc32(state) == manifest.crc:
                self._check(partition, manifest)
                return manifest.mark, state
        if found:
            raise RuntimeError(f"no snapshot of partition {partition} in {self.table.name} is whole")
        return None

    def _check(self, partition: int, manifest: Manifest) -> None:
        if manifest.form != self.form:
            stage = self.table.name.removesuffix("-snapshots")
            raise UserError(
                f"the snapshot of stage {stage}, partition {partition}, is of another version or detector: start every "
                "worker with another --group NAME, which reads what the topics still hold from its beginning"
            )

    def _manifests(self, partition: int) -> Iterator[tuple[str, Manifest]]:
        for key, raw in list(self.table.data.items()):
            place, owner, *rest = key.decode().split("/")
            if place == str(partition) and rest == [MANIFEST] and raw:
                yield owner, msgspec.json.decode(raw, type=Manifest)

    async def save(self, partition: int, mark: Mark, state: bytes, owned: Callable[[], bool] = lambda: True) -> bool:
        """Write a snapshot; it is with the broker when this returns True.

        False where the partition is not ``owned`` any more in the midst of it: then it does not count.
        """
        slot = 1 - self.slots.get(partition, 1)
        chunks = [state[i : i + CHUNK] for i in range(0, len(state), CHUNK)]
        for i, chunk in enumerate(chunks):
            if not owned():  # its next owner may be this worker, which then writes to the same slot
                return False
            await self._write(partition, _key(partition, self.owner, slot, i), chunk)
        manifest = Manifest(mark, slot, len(chunks), zlib.crc32(state), self.form)
        if not owned():
            return False
        await self._write(partition, _key(partition, self.owner, MANIFEST), msgspec.json.encode(manifest))
        self.slots[partition] = slot
        if partition not in self.swept:
            await self._sweep(partition, mark.offset)
            self.swept.add(partition)
        return True

    async def _sweep(self, partition: int, offset: int) -> None:
        """Delete what earlier owners left."""
        past = {owner for owner, manifest in self._manifests(partition) if manifest.mark.offset <= offset}
        past.discard(self.owner)
        keys = [key for key in self.table.data if _owner(key) in {(str(partition), owner) for owner in past}]
        await asyncio.gather(*[self._write(partition, key, None) for key in keys])

    async def _write(self, partition: int, key: bytes, value: bytes | None) -> None:
        sent = await self.table.changelog_topic.send(
            key=key, value=value, partition=partition, key_serializer="raw", value_serializer="raw"
        )
        await sent
        if value is None:
            self.table.data.pop(key, None)
        else:
            self.table.data[key] = value


def _key(partition: int, *parts: object) -> bytes:
    return "/".join(str(part) for part in (partition, *parts)).encode()


def _owner(key: bytes) -> tuple[str, ...]:
    return tuple(key.decode().split("/")[:2])
