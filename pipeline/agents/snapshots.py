"""Snapshots: a stage's state with its offset, read back whole or not at all; in a Faust table, or in files."""

import asyncio
import logging
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import UserError
from pipeline.files import written

log = logging.getLogger(__name__)

CHUNK = 900_000  # size of a chunk, below a broker's default limit of 1 MiB a message [bytes]
MANIFEST = "manifest"


class Mark(msgspec.Struct, frozen=True):
    """A state contains every message up to ``offset``; ``heard`` is the newest origin of each source."""

    offset: int
    heard: dict[str, tuple[int, int]] = {}


class Manifest(msgspec.Struct, frozen=True):
    """The parts of a snapshot; written last, so that a half-written snapshot is never read."""

    mark: Mark
    slot: int
    chunks: int
    crc: int
    form: str = ""


class Snapshots:
    """The snapshots of one agent, one a partition.

    Two slots take turns: a worker that dies while it writes one leaves the other whole.  Every worker writes under its
    own name, a new one each time it gets the partition: a worker that was held up and writes on after it lost the
    partition destroys nothing.  The newest whole snapshot counts; those of earlier owners are then deleted.

    ``table`` is Faust's; ``owner`` begins this worker's names, random unless given; a snapshot of another ``form`` of
    the state cannot be read.
    """

    def __init__(self, table: Any, owner: str = "", form: str = "") -> None:
        self.table, self.owner, self.form = table, owner or uuid.uuid4().hex[:8], form
        self.came: Counter[int] = Counter()
        self.slots: dict[int, int] = {}
        self.swept: set[int] = set()

    def load(self, partition: int) -> tuple[Mark, bytes] | None:
        """The newest whole snapshot and its mark, None where there is none; UserError where it has another form."""
        self.came[partition] += 1
        self.swept.discard(partition)  # another worker may have written since this one last did
        found = sorted(self._manifests(partition), key=lambda pair: pair[1].mark.offset, reverse=True)
        for name, manifest in found:
            keys = [_key(partition, name, manifest.slot, i) for i in range(manifest.chunks)]
            state = b"".join(self.table.data.get(key) or b"" for key in keys)
            if zlib.crc32(state) == manifest.crc:
                stage = self.table.name.removesuffix("-snapshots")
                advice = (
                    "every worker with another --group NAME, which reads what the topics still hold from its beginning"
                )
                _check(manifest, self.form, stage, partition, advice)
                return manifest.mark, state
        if found:
            raise RuntimeError(f"no snapshot of partition {partition} in {self.table.name} is whole")
        return None

    def _manifests(self, partition: int) -> Iterator[tuple[str, Manifest]]:
        for key, raw in list(self.table.data.items()):
            place, name, *rest = _place(key)
            if place == str(partition) and rest == [MANIFEST] and raw:
                yield name, msgspec.json.decode(raw, type=Manifest)

    async def save(self, partition: int, mark: Mark, state: bytes, owned: Callable[[], bool] = lambda: True) -> bool:
        """Write a snapshot; True once the broker has it, False where the partition was not ``owned`` to the end."""
        name, slot = f"{self.owner}-{self.came[partition]}", 1 - self.slots.get(partition, 1)
        chunks = [state[i : i + CHUNK] for i in range(0, len(state), CHUNK)]
        for i, chunk in enumerate(chunks):
            if not owned():
                return False
            await self._write(partition, _key(partition, name, slot, i), chunk)
        manifest = Manifest(mark, slot, len(chunks), zlib.crc32(state), self.form)
        if not owned():
            return False
        await self._write(partition, _key(partition, name, MANIFEST), msgspec.json.encode(manifest))
        self.slots[partition] = slot
        if partition not in self.swept:
            await self._sweep(partition, name)
            self.swept.add(partition)
        return True

    async def _sweep(self, partition: int, name: str) -> None:
        """Delete what earlier owners of the partition wrote."""
        past = [key for key in self.table.data if _place(key)[0] == str(partition) and _place(key)[1] != name]
        await asyncio.gather(*[self._write(partition, key, None) for key in past])

    async def _write(self, partition: int, key: bytes, value: bytes | None) -> None:
        sent = await self.table.changelog_topic.send(
            key=key, value=value, partition=partition, key_serializer="raw", value_serializer="raw"
        )
        await sent
        if value is None:
            self.table.data.pop(key, None)
        else:
            self.table.data[key] = value


class SnapshotFiles:
    """The same in a ``folder``, for the only worker of a broker that keeps every message in memory.

    A partition of a ``stage`` has one file, which each snapshot replaces.
    """

    def __init__(self, folder: Path, stage: str, form: str = "") -> None:
        self.folder, self.stage, self.form = folder, stage, form

    def load(self, partition: int) -> tuple[Mark, bytes] | None:
        """The snapshot and its mark, None where there is none; UserError where it has another form."""
        try:
            head, _, state = self._path(partition).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        manifest = msgspec.json.decode(head, type=Manifest)
        if zlib.crc32(state) != manifest.crc:
            raise RuntimeError(f"the snapshot {self._path(partition)} is not whole")
        _check(manifest, self.form, self.stage, partition, f"with an empty folder in place of {self.folder}")
        return manifest.mark, state

    async def save(self, partition: int, mark: Mark, state: bytes, owned: Callable[[], bool] = lambda: True) -> bool:
        """Write a snapshot; False where the partition was not ``owned``, or the disk takes nothing."""
        if not owned():
            return False
        head = msgspec.json.encode(Manifest(mark, 0, 1, zlib.crc32(state), self.form))
        try:
            await asyncio.to_thread(self._write, self._path(partition), head + b"\n" + state)
        except (UserError, OSError) as error:  # of a full disk: the snapshot before is still there
            log.warning("no snapshot: %s", error)
            return False
        return True

    def _write(self, path: Path, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with written(path) as file:
            file.write(content)

    def _path(self, partition: int) -> Path:
        return self.folder / f"{self.stage}-{partition}"


def _check(manifest: Manifest, form: str, stage: str, partition: int, advice: str) -> None:
    if manifest.form != form:
        raise UserError(
            f"the snapshot of stage {stage}, partition {partition}, is of another version or detector: start {advice}"
        )


def _key(partition: int, *parts: object) -> bytes:
    return "/".join(str(part) for part in (partition, *parts)).encode()


def _place(key: bytes) -> list[str]:
    return key.decode().split("/")
