"""The bin stage and the merge: watermarks, late records, counts, and the sum of the partitions' shares."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.records import DEAD, END, UP, Bins, DeadLetter, Entity, Heartbeat, Rows, Run
from pipeline.signals.binning import BinStage, FeedStatus, Late, Taken, Total
from pipeline.signals.merging import OTHERS, MergeStage, merge
from pipeline.signals.series import Series
from pipeline.topics import split

RUN = Run("r", "replay", ("probing.ioda",))
COUNTRIES = tuple(Entity("country", code, code) for code in ("IQ", "PK", "MM", "VE", "UA"))
FEED, PARTITIONS = "table", 4


def rows(bins: range) -> Rows:
    """Every country's value in every bin: 100 times its place, plus the number of the bin."""
    time = np.repeat(np.array(bins, np.int64) * 600, len(COUNTRIES))
    entity = np.tile(np.arange(len(COUNTRIES), dtype=np.int32), len(bins))
    value = 100.0 * entity + time // 600
    return Rows(RUN, FEED, 0, "probing.ioda", 600, (), 0, COUNTRIES, time, entity, value)


def beat(time: int, status: str = UP, reason: str = "") -> list[Heartbeat]:
    return [Heartbeat(RUN, FEED, p, time, status, RUN.signals, reason=reason) for p in range(PARTITIONS)]


def stages() -> list[BinStage]:
    return [BinStage(p, Series) for p in range(PARTITIONS)]


def shares(frames: list[Rows | Heartbeat]) -> list[Bins]:
    at = stages()
    return [share for frame in frames for share in at[frame.partition].step(frame) if isinstance(share, Bins)]


def merged(frames: list[Rows | Heartbeat]) -> list[Bins]:
    """Frames through a bin stage each partition and the merge."""
    merge = MergeStage({FEED: PARTITIONS})
    return [bins for share in shares(frames) for bins in merge.step(share)]


def table(bins: list[Bins]) -> dict[tuple[str, int], float]:
    """The value of each bin, which must be given out once."""
    found: dict[tuple[str, int], float] = {}
    for b in bins:
        for i, start in enumerate(b.start):
            for j, entity in enumerate(b.entities):
                assert (entity.name, int(start)) not in found
                found[entity.name, int(start)] = float(b.value[i, j])
    return found


def recording(chunks: list[range]) -> list[Rows | Heartbeat]:
    frames: list[Rows | Heartbeat] = []
    for chunk in chunks:
        frames += [*beat(chunk.start * 600), *split(rows(chunk), PARTITIONS)]
    return [*frames, *beat(chunks[-1].stop * 600, END)]


WHOLE = {(e.name, b * 600): 100.0 * i + b for i, e in enumerate(COUNTRIES) for b in range(9)}


def test_every_value_is_in_its_bin_once_whatever_the_batches_and_the_order_of_the_partitions():
    assert table(merged(recording([range(0, 9)]))) == WHOLE
    assert table(merged(recording([range(b, b + 1) for b in range(9)]))) == WHOLE
    by_partition = [[f for f in recording([range(0, 4), range(4, 9)]) if f.partition == p] for p in range(PARTITIONS)]
    for seed in range(20):
        turns = [p for p, frames in enumerate(by_partition) for _ in frames]
        random.Random(seed).shuffle(turns)
        queues = [iter(frames) for frames in by_partition]
        assert table(merged([next(queues[p]) for p in turns])) == WHOLE


def test_a_bin_is_merged_once_every_partition_has_passed_it_and_a_bin_without_rows_is_not_observed():
    frames = [*split(rows(range(0, 2)), PARTITIONS), *split(rows(range(3, 4)), PARTITIONS), *beat(2400)]
    assert merged(frames[:-1]) == []
    found = table(merged(frames))
    assert len(found) == 4 * len(COUNTRIES)
    assert np.isnan([value for (_, start), value in found.items() if start == 1200]).all()


def test_a_dead_feed_is_told_and_moves_no_watermark():
    told = merged([*split(rows(range(0, 2)), PARTITIONS), *beat(1200), *beat(1200, DEAD)])
    assert told[-1].status == DEAD
    assert {b.watermark for b in told} == {1200}


def test_a_partition_that_is_ahead_is_dead_or_ended_once_the_others_are_where_it_is():
    one = split(rows(range(0, 2)), PARTITIONS)
    frames = [*one, *beat(1200), *beat(1200, DEAD)]
    first = [frame for frame in frames if frame.partition == 0]
    told = merged([*first, *(f for f in one if f.partition), *beat(600)[1:], *beat(1200)[1:], *beat(1200, DEAD)[1:]])
    assert [(b.watermark, b.status) for b in told] == [(600, UP), (1200, DEAD)]
    assert len(table(told)) == 2 * len(COUNTRIES)
    own = {e.name for frame in one[:1] for e in frame.entities}
    told = merged([*one, *beat(1200, END)[:1], *beat(600, END)[1:]])
    assert {name for name, start in table(told) if start == 600} == own != set()


def test_state_can_be_cut_anywhere():
    frames = recording([range(b, b + 1) for b in range(9)])
    for cut in range(0, len(frames), 7):
        merge, at = MergeStage({FEED: PARTITIONS}), stages()
        told: list[Bins] = []
        for i, frame in enumerate(frames):
            if i == cut:
                saved, state = [s.save() for s in at], merge.save()
                at, merge = stages(), MergeStage({FEED: PARTITIONS})
                merge.load(state)
                for fresh, bytes_ in zip(at, saved, strict=True):
                    fresh.load(bytes_)
            told += [b for s in at[frame.partition].step(frame) if isinstance(s, Bins) for b in merge.step(s)]
        assert table(told) == WHOLE


def test_at_its_end_a_partition_tells_how_many_records_it_used_and_found_late_over_a_restart_too():
    stage, heir = BinStage(1, Series), BinStage(1, Series)
    first, later = rows(range(0, 2)), rows(range(1, 4))
    for frame in (first, beat(1200)[1]):
        stage.step(frame)
    heir.load(stage.save())
    out = [output for frame in (later, beat(2400, END)[1]) for output in heir.step(frame)]
    assert [o for o in out if isinstance(o, Late | Taken | Total)][1].records.time.tolist() == [600] * len(COUNTRIES)
    assert [o for o in out if isinstance(o, Taken | Total)] == [Taken(FEED, 10), Total("r", FEED, 1, 20, 5)]


class Full(Series):
    """A binner without room."""

    def add(self, batch: Rows) -> Rows | None:
        self.crowded = len(batch)
        return batch


def test_records_that_found_no_room_are_told_apart():
    stage = BinStage(1, Full)
    (taken, late), (total, *_) = stage.step(rows(range(0, 1))), stage.step(beat(1200, END)[1])
    assert (taken, total) == (Taken(FEED, 0), Total("r", FEED, 1, 0, 5, crowded=5))
    assert isinstance(late, Late)
    assert late.crowded == 5


def test_a_live_feed_that_lacks_a_table_is_dead_until_it_is_there_and_ends_nothing():
    found: list[str] = []

    def make(run: Run, feed: str, partition: int) -> Series:
        if not found:
            raise UserError("no table of countries")
        return Series(run, feed, partition)

    run = Run("r", "live", RUN.signals)
    stage = BinStage(0, make)

    def step(frame: Rows | Heartbeat) -> list[object]:
        return [out for out in stage.step(replace(frame, run=run)) if not isinstance(out, Bins)]

    assert step(beat(600)[0]) == [FeedStatus("r", "live", FEED, DEAD, None, "no table of countries")]
    taken, late = step(rows(range(1, 2)))
    assert (taken, late.crowded) == (Taken(FEED, 0), 5)  # type: ignore[attr-defined]
    stage.load(stage.save())
    found.append("a table")
    assert step(beat(1200)[0]) == [FeedStatus("r", "live", FEED, UP, "1970-01-01T00:20:00Z")]
    assert step(rows(range(2, 3))) == [Taken(FEED, 5)]
    with pytest.raises(UserError, match="no table"):
        BinStage(0, lambda *_: found.clear() or make(*_)).step(beat(600)[0])


def share(partition: int, bin_: int, country: str, value: float = 1.0, signal: str = "bgp.ris") -> Bins:
    """A partition's share of one bin of a network."""
    who, end = (Entity("asn", "AS1", country),), 300 * bin_ + 300
    cells = (np.array([300 * bin_]), np.array([[value]]), np.ones((1, 1), np.float32))
    return Bins(RUN, FEED, partition, signal, 300, end, UP, who, *cells)


def test_a_network_with_addresses_of_two_countries_belongs_to_that_of_most_of_them_for_good():
    merge = MergeStage({FEED: 2})
    parts = [share(0, 0, "PK", 5), share(1, 0, "AF", 2), share(0, 1, "PK", 0), share(1, 1, "AF", 2)]
    told = list(itertools.chain.from_iterable(merge.step(part) for part in parts))
    assert [[(e.country, b.value.tolist()) for e in b.entities] for b in told] == [[("PK", [[7.0]])], [("PK", [[2.0]])]]


def test_a_network_is_of_the_same_country_in_all_signals_of_its_feed_over_a_restart_too():
    stage, resumed = MergeStage({FEED: 1}), MergeStage({FEED: 1})
    told = [*stage.step(share(0, 0, "PK")), *stage.step(share(0, 0, "AE", signal="bgp.ris6"))]
    resumed.load(stage.save())
    assert resumed.save() == stage.save()
    for part in (share(0, 1, "PK"), share(0, 1, "AE", signal="bgp.ris6"), share(0, 1, "AE", signal="bgp.ris7")):
        told += resumed.step(part)
    assert [entity.country for bins in told for entity in bins.entities] == ["PK"] * 5


def test_a_sum_is_as_healthy_as_the_least_healthy_of_its_shares():
    def healthy(partition: int, *health: float) -> Bins:
        entities = (Entity("asn", "AS59257", "PK"), Entity("asn", "AS45669", "PK"))[: len(health)]
        seen = np.array([health], np.float32)
        return Bins(RUN, FEED, partition, "probing.ioda", 600, 1200, UP, entities, np.array([600]), seen * 0 + 1, seen)

    for order in itertools.permutations([healthy(0, 1.0, np.nan), healthy(1, 0.25, 0.5), healthy(2, 0.75)]):
        assert merge(list(order)).health.tolist() == [[0.5, 0.25]]


def of(feed: str, start: int, value: float, status: str = UP) -> Bins:
    cell, country = np.full((1, 1), value), (Entity("country", "PK", "PK"),)
    end = start + 300
    return Bins(RUN, feed, 0, "probing.ioda", 300, end, status, country, np.array([start]), cell, cell.astype("f4"))


def word(feed: str, watermark: int, status: str = UP) -> Bins:
    """Bins without a bin: what a heartbeat leads to where none was closed."""
    none = np.empty((0, 0))
    return Bins(RUN, feed, 0, "probing.ioda", 0, watermark, status, (), np.empty(0, np.int64), none, none.astype("f4"))


def again(merge: MergeStage, restarted: bool) -> MergeStage:
    """The same, after a restart."""
    if not restarted:
        return merge
    resumed = MergeStage({"table": 1, "toy": 1})
    resumed.load(merge.save())
    assert resumed.save() == merge.save()
    return resumed


def values(said: list[Bins | DeadLetter]) -> list[float]:
    return [float(value) for bins in said if isinstance(bins, Bins) for value in bins.value.ravel()]


@pytest.mark.parametrize("restarted", [False, True])
def test_bins_of_a_second_feed_are_dead_letters_and_change_nothing(restarted: bool) -> None:
    merge, told = MergeStage({"table": 1, "toy": 1}), []
    merge.step(word("toy", 0, DEAD))  # a worker writes that of every feed that is not sent: it owns nothing
    for start in (0, 300, 600):
        merge = again(merge, restarted)
        told += [*merge.step(of("table", start, 5000.0)), *merge.step(of("toy", start, 1000.0))]
    assert values(told) == [5000.0] * 3
    letters = [said for said in told if isinstance(said, DeadLetter)]
    assert [(letter.run, letter.feed, letter.reason) for letter in letters] == [("r", "toy", OTHERS)] * 3
    assert letters[1].place == "probing.ioda at 1970-01-01T00:05:00Z, 1 bins, partition 0"
    assert "it is of table" in letters[1].detail
    assert merge.step(word("toy", 300, DEAD)) == merge.step(word("toy", 1800, END)) == []
    (bins,) = merge.step(of("table", 900, 5000.0, END))
    assert isinstance(bins, Bins)
    assert (values([bins]), bins.status, bins.watermark) == ([5000.0], END, 1200)
    merge = again(merge, restarted)
    assert merge.step(of("table", 900, 5000.0, END)) == []
    assert [type(said) for said in merge.step(of("toy", 1200, 1000.0))] == [DeadLetter]


def test_each_new_status_of_a_feed_or_reason_of_it_is_told_once() -> None:
    stage = BinStage(0, Series)
    beats = [
        (600, UP, ""),
        (600, DEAD, "no answer"),
        (600, DEAD, "no answer"),
        (600, DEAD, "it is closed"),
        (900, UP, ""),
    ]
    told = [out for time, status, why in beats for out in stage.step(beat(time, status, why)[0])]
    found = [(status.status, status.reason) for status in told if isinstance(status, FeedStatus)]
    assert found == [("up", ""), ("dead", "no answer"), ("dead", "it is closed"), ("up", "")]
