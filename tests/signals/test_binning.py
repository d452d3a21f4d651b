"""The bin stage: watermarks, late records, partitions' shares and their sum."""

import itertools
import random

import numpy as np

from pipeline.records import DEAD, END, UP, Bins, Entity, Heartbeat, Rows, Run
from pipeline.signals.binning import BinStage, Late
from pipeline.signals.merging import MergeStage, merge
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


def beat(time: int, status: str = UP) -> list[Heartbeat]:
    return [Heartbeat(RUN, FEED, p, time, status, RUN.signals) for p in range(PARTITIONS)]


def stage(partition: int) -> BinStage:
    return BinStage(partition, lambda run, feed, p: Series(run, feed, p))


def merged(frames: list[Rows | Heartbeat], merge: MergeStage | None = None) -> list[Bins]:
    """Frames through a bin stage each partition and the merge."""
    merge = merge or MergeStage({FEED: PARTITIONS})
    stages = [stage(p) for p in range(PARTITIONS)]
    shares = [share for frame in frames for share in stages[frame.partition].step(frame)]
    return [bins for share in shares if isinstance(share, Bins) for bins in merge.step(share)]


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


def test_every_value_is_in_its_bin_once_whatever_the_partitions_and_batches():
    expected = {(e.name, b * 600): 100.0 * i + b for i, e in enumerate(COUNTRIES) for b in range(9)}
    assert table(merged(recording([range(0, 9)]))) == expected
    assert table(merged(recording([range(b, b + 1) for b in range(9)]))) == expected


def test_partitions_may_interleave_in_any_order():
    by_partition = [[f for f in recording([range(0, 4), range(4, 9)]) if f.partition == p] for p in range(PARTITIONS)]
    expected = table(merged(recording([range(0, 9)])))
    for seed in range(20):
        turns = [p for p, frames in enumerate(by_partition) for _ in frames]
        random.Random(seed).shuffle(turns)
        queues = [iter(frames) for frames in by_partition]
        assert table(merged([next(queues[p]) for p in turns])) == expected


def test_a_bin_is_not_merged_before_every_partition_has_passed_it():
    frames = [*split(rows(range(0, 2)), PARTITIONS), *beat(1200)]
    assert merged(frames[:-1]) == []
    assert len(table(merged(frames))) == 2 * len(COUNTRIES)


def test_late_records_are_an_output_and_the_counts_add_up():
    stages = [stage(p) for p in range(PARTITIONS)]
    frames = [*split(rows(range(0, 4)), PARTITIONS), *beat(1200), *split(rows(range(1, 3)), PARTITIONS)]
    out = [share for frame in frames for share in stages[frame.partition].step(frame)]
    late = [record for share in out if isinstance(share, Late) for record in share.records.time.tolist()]
    assert late == [600] * len(COUNTRIES)


def test_a_partition_that_says_everything_again_after_a_restart_is_not_counted_twice():
    frames = recording([range(0, 5), range(5, 9)])
    stages = [stage(p) for p in range(PARTITIONS)]
    shares = [share for frame in frames for share in stages[frame.partition].step(frame) if isinstance(share, Bins)]
    merge = MergeStage({FEED: PARTITIONS})
    again = [*shares[:7], *shares[2:7], *shares[7:]]
    assert table([b for share in again for b in merge.step(share)]) == table(merged(frames))


def test_a_dead_feed_is_told_and_moves_no_watermark():
    told = merged([*split(rows(range(0, 2)), PARTITIONS), *beat(1200), *beat(1200, DEAD)])
    assert told[-1].status == DEAD
    assert {b.watermark for b in told} == {1200}


def test_bins_of_a_partition_that_is_ahead_are_given_out_once_and_whole():
    one = rows(range(0, 4))
    frames = [frame for frame in [*split(one, PARTITIONS), *beat(2400)] if frame.partition == 0]
    behind = [frame for frame in split(one, PARTITIONS) if frame.partition != 0]
    told = merged([*frames, *behind, *beat(1200)[1:], *beat(2400)[1:]])
    assert [b.watermark for b in told] == [1200, 2400]
    assert table(told) == table(merged([*split(one, PARTITIONS), *beat(2400)]))


def test_a_partition_that_is_ahead_is_dead_once_the_others_are_where_it_died():
    frames = [*split(rows(range(0, 2)), PARTITIONS), *beat(1200), *beat(1200, DEAD)]
    ahead = [frame for frame in frames if frame.partition == 0]
    told = merged([*ahead, *beat(600)[1:], *[frame for frame in frames if frame.partition != 0]])
    assert [(b.watermark, b.status) for b in told] == [(600, UP), (1200, DEAD)]


def test_what_a_partition_had_ahead_of_the_others_when_all_ended_is_given_out():
    one = rows(range(0, 2))
    ends = [*beat(1200, END)[:1], *beat(600, END)[1:]]
    own = {key for frame in split(one, PARTITIONS)[:1] for key in {e.name for e in frame.entities}}
    told = table(merged([*split(one, PARTITIONS), *ends]))
    assert {name for name, start in told if start == 600} == own != set()


def test_a_bin_in_which_nothing_came_is_not_observed_rather_than_empty():
    frames = [*split(rows(range(0, 2)), PARTITIONS), *split(rows(range(3, 4)), PARTITIONS), *beat(2400)]
    gap = [value for (_, start), value in table(merged(frames)).items() if start == 1200]
    assert len(gap) == len(COUNTRIES)
    assert np.isnan(gap).all()


def test_state_can_be_cut_anywhere():
    frames = recording([range(b, b + 1) for b in range(6)])
    whole = table(merged(frames))
    for cut in range(0, len(frames), 5):
        merge, stages = MergeStage({FEED: PARTITIONS}), [stage(p) for p in range(PARTITIONS)]
        told: list[Bins] = []
        for i, frame in enumerate(frames):
            if i == cut:
                saved, state = [s.save() for s in stages], merge.save()
                stages, merge = [stage(p) for p in range(PARTITIONS)], MergeStage({FEED: PARTITIONS})
                merge.load(state)
                for fresh, bytes_ in zip(stages, saved, strict=True):
                    fresh.load(bytes_)
            shares = [share for share in stages[frame.partition].step(frame) if isinstance(share, Bins)]
            told += [b for share in shares for b in merge.step(share)]
        assert table(told) == whole


def test_an_as_with_addresses_of_two_countries_belongs_to_that_of_most_of_them_for_good():
    def share(partition: int, bin_: int, country: str, value: float) -> Bins:
        values = np.array([[value]])
        entity = Entity("asn", "AS1", country)
        health = np.ones((1, 1), np.float32)
        return Bins(
            RUN,
            FEED,
            partition,
            "bgp.ris",
            300,
            300 * bin_ + 300,
            UP,
            (entity,),
            np.array([300 * bin_]),
            values,
            health,
        )

    merge = MergeStage({FEED: 2})
    parts = [share(0, 0, "PK", 5), share(1, 0, "AF", 2), share(0, 1, "PK", 0), share(1, 1, "AF", 2)]
    told = list(itertools.chain.from_iterable(merge.step(part) for part in parts))
    assert [[(e.country, b.value.tolist()) for e in b.entities] for b in told] == [[("PK", [[7.0]])], [("PK", [[2.0]])]]


def of(signal: str, bin_: int, country: str) -> Bins:
    """What the only partition of a feed says of a network in one bin of a signal."""
    ones = np.ones((1, 1))
    end, who = 300 * bin_ + 300, (Entity("asn", "AS1", country),)
    return Bins(RUN, FEED, 0, signal, 300, end, UP, who, np.array([300 * bin_]), ones, ones.astype(np.float32))


def test_a_network_is_of_the_same_country_by_all_signals_of_its_feed_whatever_its_addresses_of_the_other_kind():
    stage, resumed = MergeStage({FEED: 1}), MergeStage({FEED: 1})
    parts = [of("bgp.ris", 0, "PK"), of("bgp.ris6", 0, "AE"), of("bgp.ris", 1, "PK"), of("bgp.ris6", 1, "AE")]
    told = [bins for part in parts[:2] for bins in stage.step(part)]
    resumed.load(stage.save())
    assert resumed.save() == stage.save()
    told += [bins for part in parts[2:] for bins in resumed.step(part)]
    fresh = resumed.step(of("bgp.ris7", 1, "AE"))
    assert [entity.country for bins in told + fresh for entity in bins.entities] == ["PK"] * 5


def share(partition: int, *health: float) -> Bins:
    """One partition's share of a bin: a network's count, and how healthy its sources were there."""
    entities = (Entity("asn", "AS59257", "PK"), Entity("asn", "AS45669", "PK"))[: len(health)]
    seen = np.array([health], np.float32)
    return Bins(RUN, FEED, partition, "probing.ioda", 600, 1200, UP, entities, np.array([600]), seen * 0 + 1, seen)


def test_a_sum_is_as_healthy_as_the_least_healthy_of_its_shares():
    least = np.float32(0.25)
    for order in itertools.permutations([share(0, 1.0, np.nan), share(1, least, 0.5), share(2, 0.75)]):
        assert merge(list(order)).health.tolist() == [[0.5, least]]
