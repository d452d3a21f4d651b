"""How long an outage holds, and from when it is told: what others say too soon, plateaus, flapping witnesses."""

import dataclasses

import numpy as np
import pytest

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, NORMAL
from pipeline.fusion import FuseStage
from pipeline.records import Entity, Outage, Run, Verdicts
from pipeline.settings import Fusing
from tests.pipeline.verdicts import verdicts

BGP, PROBING, GOOGLE, RADAR, TELESCOPE = "bgp.ris", "probing.ioda", "traffic.google", "traffic.radar", "telescope.x"
ALL = Run("r", "replay", (BGP, PROBING, GOOGLE, RADAR, TELESCOPE))


def fuse(*frames: Verdicts, settings: Fusing | None = None) -> list[Outage]:
    """The last revision of each outage, in order of detection."""
    stage = FuseStage(0, settings or Fusing())
    out = [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]
    return list({outage.id: outage for outage in out}.values())


def shares(signal: str, left: list[float], run: Run, deviation: float = 0.02, **changed: object) -> Verdicts:
    """Verdicts on shares of what was expected: low at 5 % lost, confirmed at 10 %."""
    frame = verdicts(signal, "." * len(left), run=run, **changed)  # type: ignore[arg-type]
    x = np.array(left)[:, None]
    state = np.where(x < 0.9, LOW_CONFIRMED, np.where(x < 0.95, LOW_PROVISIONAL, NORMAL)).astype(np.int8)
    return dataclasses.replace(frame, value=100 * x, state=state, score=(x - 1) / deviation)


def test_sources_that_return_one_by_one_do_not_end_it_while_a_better_one_is_at_the_bottom() -> None:
    calm_again = {BGP: 10, GOOGLE: 30, RADAR: 40, TELESCOPE: 50}
    returning = [verdicts(signal, "..." + "L" * n + "." * (97 - n), run=ALL) for signal, n in calm_again.items()]
    (outage,) = fuse(*returning, verdicts(PROBING, "..." + "L" * 97, run=ALL))
    assert (outage.state, outage.end) == ("confirmed", None)


def test_it_ends_with_the_last_strong_one() -> None:
    calm_again = {BGP: 10, GOOGLE: 30, RADAR: 40, TELESCOPE: 50, PROBING: 60}
    returning = [verdicts(signal, "..." + "L" * n + "." * (97 - n), run=ALL) for signal, n in calm_again.items()]
    (outage,) = fuse(*returning)
    assert (outage.state, outage.end) == ("ended", 63 * 300)


def test_a_witness_that_knows_less_does_not_hold_it_against_a_better_one() -> None:
    returning = [verdicts(s, "..." + "L" * 10 + "." * 87, run=ALL) for s in (PROBING, GOOGLE, RADAR, TELESCOPE)]
    (outage,) = fuse(*returning, shares(BGP, [1.0] * 3 + [0.7] * 97, ALL, deviation=0.1))
    assert (outage.state, outage.end) == ("ended", 13 * 300)


def test_a_witness_that_is_mostly_back_does_not_hold_it_against_others() -> None:
    run = Run("r", "replay", (BGP, PROBING, GOOGLE))
    back = [verdicts(signal, "..." + "L" * 10 + "." * 87, run=run) for signal in (BGP, GOOGLE)]
    (outage,) = fuse(*back, shares(PROBING, [1.0] * 3 + [0.3] * 10 + [0.88] * 87, run))
    assert (outage.state, outage.end) == ("ended", 13 * 300)


@pytest.mark.parametrize("plateau", [[0.52, 0.48, 0.51, 0.49], [0.89, 0.88, 0.885, 0.895]])
def test_a_plateau_does_not_shatter(plateau: list[float]) -> None:
    run = Run("r", "replay", (PROBING,))
    (outage,) = fuse(shares(PROBING, [1.0] * 5 + [0.2] * 5 + plateau * 40 + [1.0] * 20, run))
    assert outage.end == (5 + 5 + 160) * 300
    assert outage.confirmed_at == 6 * 300


def test_missing_bins_on_a_plateau_do_not_shatter_it_either() -> None:
    run = Run("r", "replay", (PROBING,))
    (outage,) = fuse(verdicts(PROBING, ("LLL????" + "?" * 40) * 5 + "LLL" + "." * 20, run=run, left=0.7))
    assert (outage.state, outage.end) == ("ended", (47 * 5 + 3) * 300)


def test_one_good_value_of_a_coarse_series_is_no_end() -> None:
    run = Run("r", "replay", (BGP,))
    assert len(fuse(verdicts(BGP, "...LL.LL..", run=run, width=6 * 3600))) == 1
    assert len(fuse(verdicts(BGP, "...LL..LL..", run=run, width=6 * 3600))) == 2


def test_a_sag_of_a_day_before_does_not_drag_the_onset() -> None:
    run = Run("r", "replay", (PROBING,))
    (outage,) = fuse(shares(PROBING, [1.0] * 20 + [0.97, 0.945] * 144 + [0.3] * 10, run))
    assert outage.start == (20 + 288) * 300


def test_a_ramp_is_followed_back_to_where_it_was_shallow() -> None:
    run = Run("r", "replay", (PROBING,))
    ramp = [1.0] * 20 + [1 - 0.04 * i for i in range(1, 21)] + [0.2] * 10
    (outage,) = fuse(shares(PROBING, ramp, run))
    assert 20 * 300 <= outage.start <= 22 * 300


def test_one_flapping_network_moves_nobody_else_s_onset_nor_end() -> None:
    run = Run("r", "replay", (PROBING,))
    country, flapping = Entity("country", "PK", "PK"), Entity("asn", "AS1", "PK")
    marks = "L.." * 60 + "L" * 20 + "L.." * 30
    frames = [
        verdicts(PROBING, "." * 180 + "L" * 20 + "." * 90, run=run, entity=country),
        verdicts(PROBING, marks, run=run, entity=flapping),
    ]
    names = ("value", "health", "expected", "lower", "upper", "score", "state", "settled")
    stacked = {name: np.concatenate([getattr(f, name) for f in frames], axis=1) for name in names}
    found = fuse(dataclasses.replace(frames[0], entities=(country, flapping), **stacked))
    (own,) = [outage for outage in found if outage.entity == "PK"]
    assert (own.start, own.end) == (180 * 300, 200 * 300)


def test_a_weak_witness_that_flaps_moves_no_end() -> None:
    run = Run("r", "replay", (PROBING, TELESCOPE))
    flaps = shares(TELESCOPE, [1.0] * 5 + [0.94] * 10 + [1.0, 0.94] * 20, run)
    (outage,) = fuse(verdicts(PROBING, "." * 5 + "L" * 10 + "." * 40, run=run), flaps)
    assert (outage.state, outage.end) == ("ended", 15 * 300)
