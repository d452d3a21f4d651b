"""The promises of every feed that has recordings: each is a function, tested with all feeds."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from pipeline.bins import DAY, NEVER
from pipeline.errors import DecodeError, gave_up
from pipeline.feeds import FEEDS, Dispatch, Feed, Item, open_source
from pipeline.feeds.registry import POLLED
from pipeline.kinds import SIGNAL
from pipeline.records import LATEST, DeadLetter, Heartbeat, Rows, Run, wrong
from tests.feeds import mrts

Promise = Callable[[Feed], None]

TIMES = [1_700_000_000 + 60 * i for i in range(9)]

AHEAD = TIMES[0] + 20 * 366 * DAY
"""Before `LATEST`: alone it is a time like any other."""


def mrt(times: list[int]) -> bytes:
    return b"".join(mrts.announced(b"\x18\xc6\x33\x64", time) for time in times)


def rislive(times: list[int]) -> bytes:
    said = {"peer": "192.0.2.1", "peer_asn": "64496", "path": [64496], "announcements": [{"prefixes": ["10.0.0.0/8"]}]}
    lines = ({"type": "ris_message", "data": {"timestamp": time, **said}} for time in times)
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def atlas(times: list[int]) -> bytes:
    said = {"asn": 64496, "controller": "ctr-ams01", "event": "connect", "prb_id": 7, "prefix": "10.0.0.0/8"}
    events = (json.dumps(said | {"timestamp": time}) for time in times)
    return ("[" + ",".join(events) + "]").encode()


def table(times: list[int]) -> bytes:
    stamps = (datetime.fromtimestamp(time, UTC).isoformat() for time in times)
    rows = (f"{stamp},bgp.ris,country,PK,7.5\n" for stamp in stamps)
    return "".join(("time,signal,entity_type,entity,value\n", *rows)).encode()


MADE: dict[str, Callable[[list[int]], bytes]] = {"mrt": mrt, "rislive": rislive, "atlas": atlas, "table": table}
"""A recording of one record at each of these times, by feed."""


def read(feed: Feed, content: bytes) -> tuple[list[Item], list[DecodeError]]:
    """Batches and damage as the feed reads them, without the checks of `Feed.items`."""
    items = list(feed.read(io.BytesIO(content)))
    damage = [item for item in items if isinstance(item, DecodeError)]
    return [item for item in items if not isinstance(item, DecodeError)], damage


def recorded(feed: Feed, stamps: list[int]) -> Iterator[Item]:
    """A recording as it is read for a replay."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        path.write_bytes(MADE[feed.name](stamps))
        yield from open_source(path).items()


def times(batches: list[Item]) -> list[int]:
    return [int(time) for batch in batches for time in batch.time]  # type: ignore[union-attr]


def it_alone_recognises_its_recordings(feed: Feed) -> None:
    assert [other.name for other in FEEDS.values() if other.recognise("", MADE[feed.name](TIMES)[:4096])] == [feed.name]


def every_record_is_read_at_its_time(feed: Feed) -> None:
    batches, damage = read(feed, MADE[feed.name](TIMES))
    assert (times(batches), damage) == (TIMES, [])


def its_batches_are_consistent_and_of_its_signals(feed: Feed) -> None:
    batches, _ = read(feed, MADE[feed.name](TIMES))
    assert [wrong(batch) for batch in batches] == [""] * len(batches)  # type: ignore[arg-type]
    assert {batch.feed for batch in batches} == {feed.name}
    given = {batch.signal for batch in batches if isinstance(batch, Rows)}
    assert all(SIGNAL.fullmatch(signal) for signal in {*feed.signals, *given})
    assert not feed.signals or given <= set(feed.signals)


def a_time_that_is_out_of_range_is_damage_and_the_others_are_used(feed: Feed) -> None:
    batches, damage = read(feed, MADE[feed.name]([*TIMES, *[LATEST + 60 * i for i in range(9)]]))
    assert times(batches) == TIMES
    assert {error.reason for error in damage} == {"bad-time"}
    assert len(damage) == 9


def a_time_years_ahead_costs_its_own_record_and_makes_none_late(feed: Feed) -> None:
    for place in (0, 4, len(TIMES)):
        stamps = [*TIMES[:place], AHEAD, *TIMES[place:]]
        used, late, dead, watermark = [], 0, 0, NEVER
        for frame in Dispatch(Run("r", "replay", ("bgp.ris",)), feed.name, ("bgp.ris",)).frames(recorded(feed, stamps)):
            if isinstance(frame, Heartbeat):
                watermark = frame.time
            elif isinstance(frame, DeadLetter):
                dead += 1
            else:
                used += [int(time) for time in frame.time if time >= watermark]  # type: ignore[union-attr]
                late += int((frame.time < watermark).sum())  # type: ignore[union-attr]
        assert ([time for time in used if time != AHEAD], late) == (TIMES, 0), place
        assert len(used) + dead == len(stamps)


def a_recording_that_breaks_off_is_given_up(feed: Feed) -> None:
    whole, before = MADE[feed.name](TIMES), len(MADE[feed.name](TIMES[:-1]))
    for end in range(before + 1, len(whole) - 1):  # the last byte of a line is its end
        batches, damage = read(feed, whole[:end])
        assert times(batches) == TIMES[:-1]
        (error,) = damage
        assert gave_up(error.reason), f"{error} at byte {end}"


def damage_is_never_raised(feed: Feed) -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        content = bytearray(MADE[feed.name](TIMES))
        for at in rng.integers(0, len(content), rng.integers(1, 6)):
            content[at] = rng.integers(0, 256)
        for item in feed.read(io.BytesIO(content[: rng.integers(1, len(content) + 1)])):
            assert isinstance(item, DecodeError) or wrong(item) == ""


PROMISES: list[Promise] = [
    it_alone_recognises_its_recordings, every_record_is_read_at_its_time, its_batches_are_consistent_and_of_its_signals,
    a_time_that_is_out_of_range_is_damage_and_the_others_are_used, a_recording_that_breaks_off_is_given_up,
    a_time_years_ahead_costs_its_own_record_and_makes_none_late,
    damage_is_never_raised,
]  # fmt: skip


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("name", sorted(FEEDS.keys() - POLLED.keys()))
def test_every_feed_keeps_every_promise(name: str, promise: Promise) -> None:
    promise(FEEDS[name])
