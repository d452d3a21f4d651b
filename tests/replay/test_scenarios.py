"""Whole recordings from feed to outage: what is found, and that every way there finds the same.

What a broker cannot change is played in memory alone.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.bins import DAY
from pipeline.evaluation.cases import read_cases
from pipeline.records import Rows
from pipeline.replay.reconstruction import reconstruct
from pipeline.replay.report import ReplayReport
from tests.replay.runners import Answer, ThroughKafka, answer, in_memory
from tests.replay.tapes import BEGIN, COUNTRIES, Tape, doubled, fallen, interleaved, mosaic, pieces, recorded, silent
from tests.replay.truth import confirmed, hit, told

CASES = Path(__file__).parent / "cases"
Runner = Callable[[Tape], ReplayReport]


@pytest.fixture(scope="module")
def six_countries() -> Tape:
    return pieces(mosaic(), 6 * 3600)


@pytest.fixture(scope="module")
def undisturbed(six_countries: Tape) -> Answer:
    return answer(in_memory(six_countries))


@pytest.fixture(scope="module")
def iraq(data: Path) -> Tape:
    return recorded(data / "signals" / "iraq-2023-exams")


@pytest.fixture(scope="module")
def iraq_in_memory(iraq: Tape) -> Answer:
    return answer(in_memory(iraq))


def test_every_exam_shutdown_of_iraq_is_hit_with_the_same_bytes_on_every_way(
    runner: Runner, data: Path, iraq: Tape, iraq_in_memory: Answer
) -> None:
    (case,) = read_cases([data / "signals" / "iraq-2023-exams"])
    result = runner(iraq)
    assert answer(result) == iraq_in_memory
    outages = result.sorted()
    assert len(case.labels) == len(confirmed(outages)) == 8, [told(outage) for outage in outages]
    assert all(hit(label, outages, case.tolerance) for label in case.labels), [told(outage) for outage in outages]
    assert (result.late, result.dead) == (0, [])


@pytest.mark.slow
def test_the_reconstruction_is_as_it_was() -> None:
    """``make golden`` writes it anew; its difference is reviewed like code."""
    found = in_memory(pieces(list(reconstruct(0).rows))).lines()
    golden = CASES / "reconstruction.jsonl"
    if os.environ.get("NETVIGIL_GOLDEN") == "write":
        golden.write_bytes(found)
    assert found == golden.read_bytes()


def test_each_country_of_six_is_found_once(six_countries: Tape) -> None:
    result = in_memory(six_countries)
    assert result.used == sum(len(frame) for frame in six_countries.sent if isinstance(frame, Rows))
    assert sorted(outage.entity for outage in confirmed(result.sorted())) == sorted(COUNTRIES)


@pytest.mark.parametrize("seed", [0, 1])
def test_another_order_of_the_partitions_changes_nothing(six_countries: Tape, undisturbed: Answer, seed: int) -> None:
    assert answer(in_memory(six_countries.changed(lambda frames: interleaved(frames, seed)))) == undisturbed


@pytest.mark.parametrize("chunk", [3600, DAY])
def test_how_a_recording_is_cut_changes_nothing(undisturbed: Answer, chunk: int) -> None:
    assert answer(in_memory(pieces(mosaic(), chunk))) == undisturbed


def test_frames_that_come_twice_or_later_change_nothing(
    runner: Runner, six_countries: Tape, undisturbed: Answer
) -> None:
    tape = six_countries.changed(lambda frames: doubled(interleaved(frames, 7), 0.05, seed=7))
    assert len(tape.sent) > len(six_countries.sent)
    assert answer(runner(tape)) == undisturbed


def test_a_recording_that_is_sent_twice_over_counts_once(
    embedded_run: ThroughKafka, six_countries: Tape, undisturbed: Answer
) -> None:
    result = embedded_run(six_countries.changed(lambda frames: [*frames[: len(frames) // 2], *frames]))
    assert answer(result) == undisturbed


def test_a_feed_that_dies_and_comes_back_is_no_outage(embedded_run: ThroughKafka, six_countries: Tape) -> None:
    begin, end = BEGIN + 2 * DAY + 6 * 3600, BEGIN + 2 * DAY + 18 * 3600
    tape = six_countries.changed(lambda frames: silent(frames, begin, end))
    found = embedded_run(tape)
    assert answer(found) == answer(in_memory(tape))
    assert not [told(o) for o in found.sorted() if begin <= o.start <= end]
    assert sorted(outage.entity for outage in confirmed(found.sorted())) == sorted(COUNTRIES)


def test_what_is_left_of_what_is_still_out_is_held_against_what_was_there_before_it(embedded_run: ThroughKafka) -> None:
    """Ten days after a fall to 30 % the detector expects no more: the workers' own verdicts said 95 % of usual."""
    tape = pieces([fallen(days=38, out=28, left=0.3)])
    found = embedded_run(tape)
    assert answer(found) == answer(in_memory(tape))
    ((now,),) = found.now(found.sorted()).values()
    assert now.ratio == pytest.approx(0.3, abs=0.04)
    assert now.end == found.watermark
