"""Recorded BGP through the whole path: nothing is lost, whatever the recording is like, and no seam shows."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pipeline.signals
from pipeline.engine import Engine
from pipeline.errors import UserError, gave_up
from pipeline.feeds import Dispatch, recordings
from pipeline.geo.places import Places
from pipeline.records import Bins, DeadLetter, Run
from pipeline.replay.playback import Playback
from pipeline.replay.report import through_memory
from pipeline.settings import Counting, Settings
from pipeline.signals.binning import BinStage
from pipeline.signals.merging import MergeStage
from pipeline.topics import feed

ANYWHERE = Places.of([("0.0.0.0/1", "PK"), ("128.0.0.0/1", "IQ"), ("2000::/3", "PK")])
OLD_TABLES = Settings(counting=Counting(floors={4: 1, 6: 1}, min_peers=1, full_feed_share=0.01))
"""The recordings are old and short: with the usual floors there is no full-feed peer in them."""


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: ANYWHERE)


def hostile(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in (folder / "feeds" / "hostile").rglob("*") if path.is_file())


def run_of(paths: list[Path]) -> Playback:
    found = recordings(paths)
    signals = sorted({signal for recording in found for signal in recording.signals})
    return Playback(found, Run("r", "replay", tuple(signals)))


def test_every_hostile_file_adds_up_or_is_refused_in_one_sentence(data: Path) -> None:
    replayed, refused = [], {}
    for path in hostile(data):
        try:
            playback = run_of([path])
        except UserError as error:
            refused[path.name] = str(error)
            continue
        result = through_memory(playback, Engine(OLD_TABLES), playback.run, lambda output: None)
        assert playback.read == result.used + result.late + len(result.dead), path
        assert playback.read > 0, path
        replayed.append(path.name)
    assert {"bitflip200_seed7.mrt", "trunc_midrecord.mrt", "updates.20000325.0345.gz"} <= set(replayed)
    assert {"empty.mrt", "notgz.gz", "bgp-infinite-loop.pcap"} <= refused.keys()
    assert all(name in sentence and "\n" not in sentence for name, sentence in refused.items())


@pytest.mark.parametrize(
    "recorded",
    [
        "feeds/mrt/bgpkit-parser/updates.20100227.1610.gz",
        "feeds/rislive/collected/ris_live_real.ndjson",
        "signals/iraq-2023-exams/signals.csv.gz",
    ],
)
def test_a_compressed_file_that_breaks_off_is_given_up_once(data: Path, tmp_path: Path, recorded: str) -> None:
    packed = (data / recorded).read_bytes()
    packed = packed if recorded.endswith(".gz") else gzip.compress(packed)
    cut = tmp_path / "cut.gz"
    cut.write_bytes(packed[: int(0.7 * len(packed))])
    playback = run_of([cut])
    result = through_memory(playback, Engine(OLD_TABLES), playback.run, lambda output: None)
    assert playback.read == result.used + result.late + len(result.dead)
    assert [letter.reason for letter in result.dead if gave_up(letter.reason)] == ["truncated-gzip"]


def bins(paths: list[Path]) -> list[Bins]:
    """Merged bins of recordings."""
    signals = ("bgp.mrt", "bgp.mrt6")
    engine, run = Engine(OLD_TABLES), Run("r", "replay", signals)
    stages: dict[int, BinStage] = {}
    merge = MergeStage({"mrt": feed("mrt").partitions})
    told = []
    for frame in Dispatch(run, "mrt", signals).frames(recordings(paths)[0].items):
        assert not isinstance(frame, DeadLetter)
        stage = stages.setdefault(frame.partition, engine.bin("mrt", frame.partition))
        for share in stage.step(frame):
            if isinstance(share, Bins):
                told += merge.step(share)
    return told


def table(told: list[Bins], signal: str) -> dict[int, dict[str, float]]:
    """Values by bin and entity, those that were observed."""
    found: dict[int, dict[str, float]] = {}
    for b in told:
        for i, start in enumerate(b.start.tolist()) if b.signal == signal else ():
            seen = np.flatnonzero(~np.isnan(b.value[i]))
            assert start not in found, "a bin came twice"
            found[start] = {f"{b.entities[j].type}/{b.entities[j].name}": float(b.value[i, j]) for j in seen}
    return found


def test_four_contiguous_files_in_one_run_give_bins_without_a_seam(data: Path, tmp_path: Path) -> None:
    files = [data / "feeds" / "mrt" / "csunetsec-gobgpdump" / f"arch{i}" for i in range(4)]
    whole = tmp_path / "whole.mrt"
    whole.write_bytes(b"".join(path.read_bytes() for path in files))
    apart, together = bins([*reversed(files)]), bins([whole])
    for signal in ("bgp.mrt", "bgp.mrt6"):
        starts = sorted(table(apart, signal))
        assert starts == list(range(1356998400 + 600, 1357002000 + 300, 300))[: len(starts)]
        assert np.diff(starts).tolist() == [300] * (len(starts) - 1)
        assert table(apart, signal) == table(together, signal)
    counted = [sum(values.values()) for values in table(apart, "bgp.mrt").values()]
    assert len(counted) == 11
    assert max(counted) > 0


def test_a_recording_with_too_few_peers_is_read_to_its_end_and_nothing_of_it_is_judged(data: Path) -> None:
    folder = data / "feeds" / "mrt" / "bgpkit-parser"
    playback = run_of([folder / "updates.20100227.1600.gz", folder / "updates.20100227.1610.gz"])
    result = through_memory(playback, Engine(), playback.run, lambda output: None)
    assert playback.read == result.used + result.late + len(result.dead) > 60_000
    assert sum(result.judged.values()) == 0
    assert result.outages == {}
