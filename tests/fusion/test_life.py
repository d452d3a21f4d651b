"""The life of an outage: when it is suspected, confirmed, recovering and over, and from when to when it lasts."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.fusion.life import OPEN
from pipeline.records import Outage, Run
from tests.fusion.outages import BGP, outages, revisions, several
from tests.judge.verdicts import verdicts

LATER = {
    "suspected": ("suspected", "confirmed", "retracted"),
    "confirmed": ("confirmed", "recovering", "ended"),
    "recovering": ("recovering", "confirmed", "ended"),
}
"""What may come after a state."""

MARKS = st.text(".lL?", min_size=1, max_size=12)


def test_an_outage_goes_through_its_states_in_order_under_one_id_and_revisions_count_up() -> None:
    found = revisions(*several(bgp="." * 20 + "L" * 10 + "." * 20, probing="." * 20 + "L" * 10 + "." * 20))
    states = [state for state, _ in itertools.groupby(found, key=lambda outage: outage.state)]
    assert states in (["suspected", "confirmed", "recovering", "ended"], ["confirmed", "recovering", "ended"])
    assert len({outage.id for outage in found}) == 1
    assert [outage.revision for outage in found] == list(range(1, len(found) + 1))
    last = found[-1]
    assert (last.start, last.end) == (20 * 300, 30 * 300)
    assert (last.start_between, last.end_between) == ((20 * 300, 21 * 300), (30 * 300, 31 * 300))
    assert last.severity == pytest.approx(0.8)
    assert last.depth == 0


def test_fragments_around_a_short_recovery_are_one_outage_and_after_a_long_one_two() -> None:
    short, long = ("." * 20 + "LLLLLL" + "." * calm + "LLLLLL" + "." * 20 for calm in (4, 100))
    (outage,) = outages(*several(bgp=short, probing=short))
    assert (outage.state, outage.start, outage.end) == ("ended", 20 * 300, 36 * 300)
    assert [one.state for one in outages(*several(bgp=long, probing=long))] == ["ended", "ended"]


def test_a_suspicion_that_passes_is_retracted_and_was_never_confirmed() -> None:
    found = outages(*several(traffic="." * 20 + "m" * 3 + "." * 40))
    assert {(outage.state, outage.confirmed_at) for outage in found} == {("retracted", None)}


@pytest.mark.parametrize(("left", "is_told"), [(0.95, False), (0.85, True)])
def test_what_loses_less_than_the_least_loss_is_never_confirmed(left: float, is_told: bool) -> None:
    marks = "." * 20 + "L" * 10 + "." * 20
    run = Run("r", "replay", (BGP, "probing.ioda"))
    found = outages(*(verdicts(signal, marks, run=run, left=left) for signal in (BGP, "probing.ioda")))
    assert [outage.confirmed_at is not None for outage in found] == [is_told]


def test_what_is_not_observed_begins_no_outage_and_ends_none() -> None:
    assert outages(*several(bgp="?" * 50, probing="?" * 50)) == []
    (outage,) = outages(*several(bgp="." * 20 + "LLLLLL" + "?" * 300, probing="." * 20 + "LLLLLL" + "?" * 300))
    assert (outage.state, outage.end) == ("confirmed", None)


@settings(max_examples=25, deadline=None)
@given(MARKS, MARKS)
def test_states_follow_each_other_ids_stay_and_outages_do_not_overlap(bgp: str, probing: str) -> None:
    lives: dict[str, list[Outage]] = {}
    for outage in revisions(*several(bgp="." * 8 + 3 * bgp + "." * 20, probing="." * 8 + 3 * probing + "." * 20)):
        lives.setdefault(outage.id, []).append(outage)
    for life in lives.values():
        assert life[0].state in ("suspected", "confirmed")
        assert all(after.state in LATER.get(one.state, ()) for one, after in itertools.pairwise(life))
        assert [one.revision for one in life] == list(range(1, len(life) + 1))
        assert all((one.end is not None) == (one.state not in OPEN[:2]) for one in life)
        assert all(one.held_by == "" for one in life if one.confirmed_at)
        assert len({one.start for one in life if one.confirmed_at}) <= 1
    sure = [life[-1] for life in lives.values() if life[-1].confirmed_at]
    assert all(one.start <= (one.end or 0) <= after.start for one, after in itertools.pairwise(sure))


def test_a_plateau_makes_no_flood_of_revisions() -> None:
    assert len(revisions(*several(bgp="." * 20 + "L" * 200, probing="." * 20 + "L" * 200))) <= 4
    assert revisions(*several(bgp="." * 20 + "L" * 9))[-1].signals[0].signal == BGP
