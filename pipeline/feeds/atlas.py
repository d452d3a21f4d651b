"""RIPE Atlas: probes that connect and disconnect, as events of measurement 7000 or of the stream ``probestatus``.

A recording has one event a line, bare or as ``["atlas_probestatus", {..}]``, or all in one JSON array.  ``asn`` may be
a number, a string or null.  Only with ``enrichProbes`` an event has the country of its probe.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, Literal

import msgspec
import numpy as np

from pipeline.bins import WIDTH
from pipeline.errors import DecodeError
from pipeline.feeds.base import Feed, Item, parsed
from pipeline.feeds.timestamps import BATCH
from pipeline.geo.countries import is_country
from pipeline.records import LATEST, Entity, Probe, Rows, Run

NAME, SIGNAL = "atlas", "atlas.connected"

MOST = 256 * 2**20  # longest array that is read [bytes]: a day has 2 MB

CHATTER = {"atlas_subscribed", "atlas_unsubscribed"}  # messages of the stream that are no events


class Event(msgspec.Struct, frozen=True):
    """A probe is connected, or not any more, from ``time`` on [s]."""

    time: int
    probe: Probe
    connected: bool


class Listed(msgspec.Struct):
    """The fields of the probe list that are used; ``status`` is a number or an object, 1 is connected."""

    id: int
    asn_v4: int | None = None
    asn_v6: int | None = None
    country_code: str | None = None
    prefix_v4: str | None = None
    prefix_v6: str | None = None
    status: int | dict[str, object] | None = None
    status_since: int | None = None

    @property
    def is_connected(self) -> bool:
        return (self.status.get("id") if isinstance(self.status, dict) else self.status) == 1

    @property
    def probe(self) -> Probe:
        country = self.country_code or ""
        prefix = self.prefix_v4 or self.prefix_v6 or ""
        return Probe(self.id, self.asn_v4 or self.asn_v6 or 0, country if is_country(country) else "", "", prefix)


class Page(msgspec.Struct):
    """A page of the probe list; ``next`` is the address of the next one."""

    results: list[Listed]
    next: str | None = None


def page(body: bytes) -> Page:
    """A page of the probe list; DecodeError where it is none."""
    try:
        return msgspec.json.decode(body, type=Page)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError(NAME, "bad-answer", "the probe list", str(error)[:200]) from None


class Payload(msgspec.Struct):
    """The fields of an event that are used; ``probe`` comes with ``enrichProbes``."""

    timestamp: float
    prb_id: int
    event: Literal["connect", "disconnect"]
    asn: int | str | None = None
    controller: str | None = None
    prefix: str | None = None
    probe: Listed | None = None


WORD = re.compile(r"[!-~]{1,60}")  # a name without blanks


def parse(message: bytes) -> Event | None:
    """An event, None for a message of the server itself; DecodeError without a place, which the reader adds.

    Examples
    --------
    >>> parse(b'{"asn": "37090", "controller": "ctr-nue16", "event": "disconnect", "prb_id": 21634, '
    ...       b'"prefix": "41.86.224.0/22", "timestamp": 1466035200}')
    Event(time=1466035200, probe=Probe(number=21634, asn=37090, country='', controller='ctr-nue16', \
prefix='41.86.224.0/22'), connected=False)
    """
    try:
        said = msgspec.json.decode(message, type=Payload | tuple[str, msgspec.Raw])
        if isinstance(said, tuple):
            kind, payload = said
            if kind in CHATTER:
                return None
            if kind != "atlas_probestatus":
                reason = "server-error" if kind == "atlas_error" else "unknown-message"
                raise _wrong(reason, f"{kind}: {bytes(payload).decode(errors='replace')}")
            said = msgspec.json.decode(payload, type=Payload)
    except msgspec.ValidationError as error:
        raise _wrong("bad-message", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong("bad-json", f"{error}: {message[:100].decode(errors='replace')}") from None
    if not 0 < said.timestamp < LATEST:
        raise _wrong("bad-time", str(said.timestamp))
    asn = str(said.asn or 0).removeprefix("AS")
    if not re.fullmatch(r"[0-9]{1,10}", asn) or int(asn) >= 2**32 or said.prb_id < 0:
        raise _wrong("bad-probe", f"probe {said.prb_id} of AS {asn[:20]}")
    listed = said.probe.probe if said.probe else Probe(said.prb_id, 0)
    words = (word if word and WORD.fullmatch(word) else "" for word in (said.controller, said.prefix or listed.prefix))
    probe = Probe(said.prb_id, int(asn) or listed.asn, listed.country, *words)
    return Event(int(said.timestamp), probe, said.event == "connect")


def _wrong(reason: str, detail: str) -> DecodeError:
    return DecodeError(NAME, reason, "", detail[:200])


def rows(events: Sequence[Event]) -> Rows:
    """The events as rows of probes in the same order: 1 from when a probe is connected, 0 from when it is not."""
    places: dict[Entity, int] = {}
    entity = [places.setdefault(event.probe.entity(), len(places)) for event in events]
    time, value = [event.time for event in events], [float(event.connected) for event in events]
    head = (Run(), NAME, 0, SIGNAL, WIDTH, (), 0, tuple(places))
    return Rows(*head, np.array(time, np.int64), np.array(entity, np.int32), np.array(value))


def read(stream: BinaryIO) -> Iterator[Item]:
    """A recording: `Rows` of probes in its order, and damage by line, or by event of an array."""
    yield from _batches(events(stream.read(MOST)))
    if stream.read(1):
        yield DecodeError(NAME, "too-long", f"byte {MOST:,}", "no more of it is read")


def events(content: bytes) -> Iterator[Event | DecodeError]:
    """The events of a recording, or of an answer of the interface, in its order, and damage."""
    is_array = re.match(rb"\s*\[\s*(\{|\]\s*$)", content)
    found = _array(content) if is_array else parsed(NAME, BytesIO(content), parse, closed=True)
    return (item for _, item in found if item is not None)


def _array(content: bytes) -> Iterator[tuple[str, Event | DecodeError | None]]:
    """Place and event of each object of an array."""
    content = content.strip()
    end = b"\n" if content.endswith(b"]") else b""
    lines = re.sub(rb"\}\s*,\s*\{", b"}\n{", content[1:].removesuffix(b"]").replace(b"\n", b" ")) + end
    for place, item in parsed(NAME, BytesIO(lines), parse, closed=True):
        place = place.replace("line", "event")
        yield place, DecodeError(NAME, item.reason, place, item.detail) if isinstance(item, DecodeError) else item


def _batches(found: Iterable[Event | DecodeError]) -> Iterator[Item]:
    batch: list[Event] = []
    for item in found:
        if isinstance(item, DecodeError):
            yield item
        else:
            batch.append(item)
        if len(batch) == BATCH:
            yield rows(batch)
            batch = []
    if batch:
        yield rows(batch)


def recognise(name: str, head: bytes) -> bool:
    """Whether the first bytes of a file are connection events."""
    return b'"prb_id"' in head and re.search(rb'"event"\s*:\s*"(dis)?connect"', head) is not None


FEED = Feed(NAME, (SIGNAL,), recognise, read)
