"""While nobody is out bins are taken in at once: as if one had come after the other."""

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest

from detectors.base import HIGH, LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL, UNKNOWN
from pipeline.codec import outage_json
from pipeline.fusion import FuseStage
from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import log_odds
from pipeline.fusion.ledger import Ledger
from pipeline.records import UP, Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing

SIGNALS = {"bgp.ris": 300, "probing.ioda": 600, "traffic.radar": 300}
RUN = Run("r", "replay", tuple(SIGNALS))
REGIONS = tuple(Entity("region", f"VE-{i}", "VE") for i in range(14))
"""Without their country, which is judged from them."""
ENTITIES = (Entity("asn", "AS1", "PK", mobile=True), Entity("country", "PK", "PK"), *REGIONS)
DAY = 24 * 3600
COLUMNS = tuple(Verdicts.COLUMNS)
CALM = [NORMAL, NORMAL, NORMAL, UNKNOWN, HIGH]


def day(signal: str, seed: int, lows: float, detector: str = "seasonal") -> Verdicts:
    """A frame of many bins in which ``lows`` of all verdicts are low, some of them for several bins."""
    rng = np.random.default_rng([seed, sorted(SIGNALS).index(signal)])
    width = SIGNALS[signal]
    shape = (DAY // width, len(ENTITIES))
    state = rng.choice(CALM, shape).astype(np.int8)
    for at, who in zip(*np.nonzero(rng.random(shape) < lows), strict=True):
        some = rng.random(len(ENTITIES)) < 0.7 if rng.random() < 0.2 else [who]
        state[at : at + rng.integers(1, 12), some] = rng.choice([LOW_PROVISIONAL, LOW_CONFIRMED])
    value = np.where(rng.random(shape) < 0.1, np.nan, rng.choice([0.0, 50.0, 80.0, 93.0, 97.0, 99.5, 100.0], shape))
    expected = rng.choice([100.0, 100.0, 100.0, 0.0, np.nan], shape)
    return Verdicts(
        RUN, "test", 0, signal, detector, width, 2 * DAY, UP, ENTITIES, start=np.arange(DAY, 2 * DAY, width),
        value=value, health=rng.random(shape).astype(np.float32), expected=expected, lower=expected, upper=expected,
        score=np.where(state == UNKNOWN, np.nan, rng.normal(0, 9, shape)), state=state,
        settled=np.ones(shape, np.bool_), common=np.ones(shape[0]),
    )  # fmt: skip


def days(seed: int, lows: float) -> list[Verdicts]:
    slow = dataclasses.replace(day("traffic.radar", seed + 1, lows, "cusum"), watermark=0)
    return [slow, *(day(signal, seed, lows) for signal in SIGNALS)]


def fused(frames: list[Verdicts]) -> tuple[list[bytes], str]:
    """Every revision, and what is remembered in the end."""
    stage = FuseStage(0, Fusing(), "seasonal")
    told = [outage_json(out) for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    return told, hashlib.sha256(stage.save()).hexdigest()


@pytest.mark.parametrize("lows", [0.0, 0.0003, 0.003])
@pytest.mark.parametrize("seed", range(2))
def test_bins_at_once_leave_what_they_leave_one_by_one(seed: int, lows: float, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = fused(days(seed, lows))
    monkeypatch.setattr(Ledger, "_rest", lambda self, turns: 0)
    assert fused(days(seed, lows)) == at_once
    assert bool(at_once[0]) == bool(lows)


@pytest.mark.parametrize("seed", range(2))
def test_however_few_are_taken_in_at_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = fused(days(seed, 0.001))
    monkeypatch.setattr("pipeline.fusion.ledger.AT_ONCE", 5 * len(ENTITIES))
    assert fused(days(seed, 0.001)) == at_once


def test_of_a_calm_day_nothing_is_written_bin_by_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Cells, "write")
    assert fused(days(0, 0.0))[0] == []


def test_nor_of_one_with_a_low_of_which_nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Cells, "write")
    suspicious = dataclasses.replace(day("traffic.radar", 0, 0.0, "cusum"), watermark=0)
    suspicious.state[20:, 0] = LOW_PROVISIONAL
    others = [day(signal, 0, 0.0) for signal in SIGNALS]
    for frame in others:
        frame.state[:, 0] = NORMAL
    assert fused([suspicious, *others])[0] == []


def test_odds_are_asked_only_of_those_with_whom_something_is_the_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(prior: np.ndarray, *rest: Any) -> np.ndarray:
        asked.append(len(prior))
        return log_odds(prior, *rest)

    monkeypatch.setattr("pipeline.fusion.weighing.log_odds", counted)
    monkeypatch.setattr(Ledger, "_rest", lambda self, turns: 0)
    calm = day("probing.ioda", 0, 0.0)
    calm.state[7, 0] = LOW_CONFIRMED
    calm.value[7, 0] = 0.0
    calm.expected[7, 0] = 100.0
    calm.score[7, 0] = -20.0
    assert fused([calm, *(dataclasses.replace(calm, signal=signal, state=calm.state * 0) for signal in RUN.signals)])[0]
    assert set(asked) == {1}


def test_a_country_that_stays_low_by_its_parts_is_taken_in_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = dataclasses.replace(day("probing.ioda", 0, 0.0), run=Run("r", "replay", ("probing.ioda",)))
    frame.value[:], frame.expected[:], frame.score[:], frame.state[:] = 100.0, 100.0, 0.0, NORMAL
    for bins, left, who in ((slice(10, 40), 85.0, slice(2, None)), (slice(40, 60), 80.0, slice(2, 6))):
        frame.value[bins, who], frame.score[bins, who], frame.state[bins, who] = left, -3.0, LOW_PROVISIONAL
    told: list[int] = []
    see = Ledger.see

    def watched(self: Ledger, turns: Any) -> Any:
        out = see(self, turns)
        told.append(int(self.cells["state"][self.roll.rows["country", "VE"], 0]))
        return out

    monkeypatch.setattr(Ledger, "see", watched)
    until = dataclasses.replace(
        frame, **{name: getattr(frame, name)[:50] for name in COLUMNS}, watermark=DAY + 50 * 600
    )
    assert fused([until])[0] == []
    assert told == [LOW_PROVISIONAL]
