"""The stage's contract: whatever the frames, the restarts and the other signals and runs, the verdicts are the same."""

from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from detectors.base import is_low
from detectors.model import Model
from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.feeds import recordings
from pipeline.judge import JudgeStage
from pipeline.records import END, UP, Bins, Run, Verdicts
from pipeline.replay.playback import Playback
from pipeline.replay.report import through_memory
from tests.judge.feeds import COUNTRIES, DAY, NETWORKS, QUIET, WIDTH, feed, frame, judged

ONE = np.where(np.arange(7) == 3, 0.1, 1.0)
PARTS = np.linspace(0.05, 0.95, 7)


def troubles() -> np.ndarray:
    """A feed that loses a peer, breaks, stops part by part, comes back in turn, has holes, and freezes."""
    some, last = (np.where(np.arange(7) < n, 1.0, 0.5) for n in (4, 6))
    steps = [0.96, ONE, 0.96 * ONE, 0.5, 0.5, some, some, *[last] * 16, 1.0, PARTS, 0.0, 1.0, np.nan, *[0.4] * 30]
    value = feed(COUNTRIES, *steps, 0.4 * ONE, *[1.0] * 20, ONE, noise=0.01)
    value[DAY : DAY + 12] = value[DAY - 1]
    value[-18:-8, 2] = value[-19, 2]
    value[QUIET - 40 : QUIET - 30, 1] = np.nan
    return value


def same(these: list[Verdicts], those: list[Verdicts]) -> None:
    """Byte for byte."""
    assert len(these) == len(those) > 0
    for one, other in zip(these, those, strict=True):
        for each in fields(one):
            a, b = getattr(one, each.name), getattr(other, each.name)
            if isinstance(a, np.ndarray):
                np.testing.assert_array_equal(a, b, each.name)
                assert a.dtype == b.dtype
            else:
                assert a == b


def restarted(stage: JudgeStage) -> JudgeStage:
    saved, again = stage.save(), JudgeStage(Model(), 1)
    again.load(saved)
    assert again.save() == saved
    return again


@pytest.mark.parametrize("length", [1, 50])
def test_frames_of_any_length_and_a_restart_after_each_give_the_same_bytes(length: int) -> None:
    value = troubles()
    whole, stage, parts = judged(COUNTRIES, value), JudgeStage(Model(), 1), []
    assert np.isnan(whole.value[QUIET:]).all(axis=1).sum() > 20
    assert is_low(whole.state).any()
    for at in range(0, len(value), length):
        parts.append(judged(COUNTRIES, value[at : at + length], stage=stage, start=at))
        stage = restarted(stage)
    joined = {name: np.concatenate([getattr(each, name) for each in parts]) for name in Verdicts.COLUMNS}
    same([replace(parts[-1], **joined)], [whole])


def test_bins_that_come_again_are_ignored_also_after_the_end_and_a_restart() -> None:
    stage, value = JudgeStage(Model(), 1), feed(COUNTRIES, 1.0, ONE)
    bins, end = frame(COUNTRIES, value[:-1], "traffic.radar"), frame(COUNTRIES, value[-1:], "traffic.radar", QUIET + 1)
    stage.step(bins)
    stage = restarted(stage)
    assert [len(each.start) for each in stage.step(bins)] == [0]
    stage.step(replace(end, status=END))
    for each in (stage, restarted(stage)):
        assert each.step(replace(end, status=END)) == each.step(bins) == []


def test_signals_and_runs_side_by_side_are_judged_as_each_would_be_alone() -> None:
    many, alone, values = Engine().judge(), Engine().judge(), troubles()
    noisy = feed(COUNTRIES, *[1.0] * (len(values) - QUIET), noise=0.03)
    own = {"bgp.ris": noisy, "bgp.routeviews": values, "traffic.radar": noisy * 2}
    for begin, end in pairwise((0, 30, 31, 150, len(values))):
        some = [frame(COUNTRIES, value[begin:end], signal, begin) for signal, value in own.items()]
        some += [replace(some[2], run=Run("other"), entities=COUNTRIES[:5], **{
            name: getattr(some[2], name)[:, :5] for name in ("value", "health")
        })]  # fmt: skip
        some = [replace(bins, status=END if end == len(values) else UP) for bins in some]
        same(many.steps(some), [each for bins in some for each in alone.step(bins)])
        assert many.save() == alone.save()


def test_places_that_begin_later_are_judged_alike_however_long_frames_are() -> None:
    """Networks of Britain that begin in the days before a change of the clock: each is listed from its first bin on."""
    first, bins = np.random.default_rng(2).integers(0, 4 * DAY, 10), 12 * DAY
    t = 1711324800 + np.arange(bins) * WIDTH  # from 25 March 2024; the clock changes on the 31st
    value = np.random.default_rng(3).poisson(300 * (1 + 0.9 * np.sin(t[:, None] / 13750 + np.arange(10)))).astype(float)
    value[np.arange(bins)[:, None] < first] = np.nan
    found = []
    for length in (bins, 1):
        stage, columns = JudgeStage(Model(), 1), np.full((3, bins, 10), np.nan)
        for at in range(0, bins, length):
            own, rows = np.flatnonzero(first < at + length), slice(at, at + length)
            health = np.where(np.isnan(value[rows, own]), np.nan, 1)
            each = Bins(Run("r"), "test", -1, "probing.ioda", WIDTH, int(t[rows][-1]) + WIDTH, UP,
                        tuple(NETWORKS[i] for i in own), t[rows], value[rows, own], health)  # fmt: skip
            said = stage.step(each)[-1]
            names = [NETWORKS.index(entity) for entity in said.entities]
            for kept, fresh in zip(columns, (said.expected, said.score, said.state), strict=True):
                kept[rows, names] = fresh
        found.append(np.where(np.isnan(value), np.nan, columns))
    np.testing.assert_array_equal(*found)
    assert np.isfinite(found[0][0]).any(axis=0).all()


def test_every_partition_has_its_countries_and_the_watermark_and_one_the_common_mode() -> None:
    stage = JudgeStage(Model(), 3)
    found = stage.step(frame(COUNTRIES, feed(COUNTRIES, 0.95, noise=0.001), "bgp.ris"))
    assert sorted(entity for each in found for entity in each.entities) == sorted(COUNTRIES)
    assert [each.partition for each in found] == [0, 1, 2]
    assert {each.watermark for each in found} == {(QUIET + 1) * WIDTH}
    (told,) = (each for each in found if not np.isnan(each.common).any())
    assert told.common[-1] < 0.96
    heartbeat = replace(
        frame((), np.empty((1, 0)), "bgp.ris", QUIET + 1), start=np.empty(0, int), value=np.empty((0, 0))
    )
    assert {each.watermark for each in stage.step(heartbeat)} == {(QUIET + 2) * WIDTH}


def test_a_recording_read_in_pieces_of_any_length_has_the_same_outages(tmp_path: Path) -> None:
    """Networks that are dark in the morning of the ninth day; at noon of it their country has a row, too."""
    rng, rows, width = np.random.default_rng(1), ["time,signal,entity_type,entity,value"], 900
    for t in range(0, 10 * 86400, width):
        left = 0.05 if 8 * 86400 + 6 * 3600 <= t < 8 * 86400 + 10 * 3600 else 1.0
        stamp = iso(19_724 * 86400 + t)
        rows += [f"{stamp},traffic.radar,asn,AS{i},{rng.poisson(5000 * left)}" for i in range(12)]
        rows += [f"{stamp},traffic.radar,country,PK,{rng.poisson(60_000)}"] if t >= 8.5 * 86400 else []
    (tmp_path / "signals.csv").write_text("\n".join(rows) + "\n")
    kin = "".join(f"asn,AS{i},PK,,no\n" for i in range(12))
    (tmp_path / "entities.csv").write_text("entity_type,entity,parent,name,mobile\n" + kin)
    found = []
    for piece in (86400, 7 * width):
        read = recordings([tmp_path], piece)
        run = Run("late", "replay", tuple(signal for one in read for signal in one.signals))
        found.append(through_memory(Playback(read, run), Engine(), run, lambda _: None).lines())
    assert found[0] == found[1]
    assert b'"entity":"PK"' in found[0]
