"""Likeness to a shutdown: named terms with their sources, in an order that holds on the labelled cases."""

from pathlib import Path

import pytest

from pipeline.codec import outage_from, outage_json, seconds
from pipeline.fusion import FuseStage
from pipeline.fusion.likeness import DAYS, Event, likeness, log_odds_of
from pipeline.geo.calendar import Almanac
from pipeline.records import Entity, Outage, Run, Sign, Term
from pipeline.settings import Fusing
from tests.fusion.test_parts import together
from tests.judge.verdicts import verdicts
from tests.replay.runners import in_memory
from tests.replay.tapes import recorded
from tests.replay.truth import confirmed

HOUR, DAY = 3600, 24 * 3600
PROBING = "probing.ioda"
AT = seconds("2024-02-08T02:00:00Z")
DOWN = (Term("bgp.ris", 0.2, -20.0, 9.0, 1.0), Term(PROBING, 0.2, -20.0, 9.0, 1.0))


def event(**changed: object) -> Event:
    plain = Event("country", "PK", AT + 60, AT + HOUR, False, DOWN[:1], 300, 0.0, ())
    return plain._replace(**changed)  # type: ignore[arg-type]


def signs(**changed: object) -> dict[str, float]:
    return {sign.name: sign.weight for sign in likeness(event(**changed), Almanac())}


def test_an_outage_of_which_little_is_known_looks_like_nothing() -> None:
    assert likeness(event(), Almanac()) == ()
    assert log_odds_of(()) == 0


def test_the_day_counts_by_the_local_date_and_as_published() -> None:
    assert {kind: round(2.718281828**weight) for kind, weight in DAYS.items()} == {
        "election": 16,
        "protest": 9,
        "coup": 287,
    }
    at = seconds("2024-02-07T20:07:00Z")
    late = event(start=at, until=at + HOUR)  # one in the morning of the 8th in Karachi
    assert [sign.name for sign in likeness(late, Almanac(matter={"PK 2024-02-08": "coup"}))] == ["coup"]
    assert likeness(late, Almanac(matter={"PK 2024-02-07": "coup", "IN 2024-02-08": "coup"})) == ()


def test_signals_agree_only_where_at_least_two_kinds_of_them_are_measured() -> None:
    flat = Term("traffic.x", 1.0, 0.0, -2.0, 1.0)
    same_kind = (DOWN[0], Term("bgp.ioda", 0.2, -20.0, 9.0, 1.0), Term("parts.together", 0.5, None, 1.0, 1.0))
    assert signs(terms=DOWN) == {"agree": 0.52}
    assert signs(terms=(*DOWN, flat)) == {"differ": -1.0}
    less = Term("traffic.x", 0.8, -3.2, -2.0, 1.0)
    assert signs(terms=(*DOWN, less)) == {"agree": 0.52}, "no more of it is left than of others in many outages"
    assert signs(terms=same_kind) == {}


def test_three_hours_count_as_soon_as_they_have_passed_and_less_only_once_it_is_over() -> None:
    assert signs(until=AT + 60 + 3 * HOUR) == {"lasts": 0.62}
    assert signs(until=AT + 2 * HOUR) == {}
    assert signs(until=AT + 2 * HOUR, is_over=True) == {"passes": -0.66}
    assert signs(until=AT + 2 * HOUR, is_over=True, dated=False) == {}, "nobody saw how long it was"


def test_the_grid_is_that_of_the_clocks_there_and_asks_for_fine_bins() -> None:
    assert signs(start=AT) == {"grid": 0.2}
    assert signs(start=AT, width=3600) == {}
    quarter = AT + 900  # 02:15 in UTC is 08:00 in Kathmandu
    assert (signs(start=quarter), signs(start=quarter, country="NP")) == ({}, {"grid": 0.2})


@pytest.mark.parametrize(
    ("apart", "counts"), [(DAY, True), (4 * DAY + 300, True), (5 * DAY, False), (DAY + 900, False)]
)
def test_a_series_repeats_to_a_bin_within_four_days(apart: int, counts: bool) -> None:
    assert signs(before=(AT + 60 - apart,)) == ({"repeats": 2.0} if counts else {})


def test_no_term_but_the_calendar_s_and_a_series_weighs_more_than_one() -> None:
    every = event(
        start=AT, until=AT + DAY, terms=DOWN, networks=1.0, before=(AT - DAY,), entity_type="region"
    )  # fmt: skip
    found = likeness(every, Almanac(matter={"PK 2024-02-08": "election"}))
    assert {sign.name for sign in found} == {"election", "repeats", "networks", "local", "lasts", "agree", "grid"}
    assert all(abs(sign.weight) <= 1 for sign in found if sign.name not in ("election", "repeats"))
    assert all(sign.source for sign in found)


def test_it_travels_with_the_outage_and_says_nothing_of_a_mere_suspicion() -> None:
    run = Run("r", "replay", (PROBING,))
    told = FuseStage(0, Fusing(days={"PK 1970-01-01": "election"})).step(verdicts(PROBING, "..lLL" + "L" * 40, run=run))
    outages = [out for out in told if isinstance(out, Outage)]
    assert (outages[0].state, outages[0].signs) == ("suspected", ())
    assert Sign("election", 2.77, "SIGCOMM 2023") in outages[-1].signs
    assert outages[-1].likeness == log_odds_of(outages[-1].signs) == 3.39
    assert outage_from(outage_json(outages[-1])) == outages[-1]


def test_a_day_that_matters_changes_no_outage_itself() -> None:
    run = Run("r", "replay", (PROBING,))
    frame = verdicts(PROBING, "..lLL" + "L" * 40, run=run)
    plain, marked = (
        [(o.state, o.start, o.severity) for o in FuseStage(0, Fusing(days=days)).step(frame) if isinstance(o, Outage)]
        for days in ({}, {"PK 1970-01-01": "coup"})
    )  # fmt: skip
    assert plain == marked


def test_a_series_is_remembered_across_a_cut() -> None:
    run = Run("r", "replay", (PROBING,))
    day = "." * 100 + "L" * 40 + "." * 148
    first, second = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    first.step(verdicts(PROBING, day, run=run))
    second.load(first.save())
    told = [o for o in second.step(verdicts(PROBING, day, run=run, at=DAY)) if isinstance(o, Outage)]
    assert "repeats" in {sign.name for sign in told[-1].signs}


def test_parts_name_the_outage_of_their_country_and_it_names_none() -> None:
    country, network = Entity("country", "PK", "PK"), Entity("asn", "AS1", "PK")
    elsewhere = Entity("asn", "AS2", "IN")
    frame = together([country, network, elsewhere], ["..LLLLLL" + "." * 9, "LLLLLLLL" + "." * 9, "LLLLLLLL" + "." * 9])
    told = [out for out in FuseStage(0, Fusing()).step(frame) if isinstance(out, Outage)]
    last = {outage.entity: outage for outage in told}
    assert last["AS1"].part_of == last["PK"].id
    assert (last["PK"].part_of, last["AS2"].part_of) == ("", "")


def test_shutdowns_rank_above_power_failures_storms_and_a_province_at_war(data: Path) -> None:
    def found(case: str, entity: str) -> list[float]:
        outages = confirmed(in_memory(recorded(data / "signals" / case)).sorted())
        return [outage.likeness for outage in outages if outage.entity == entity]

    shutdowns = found("iraq-2023-exams", "IQ") + found("myanmar-2021-coup", "MM")
    others = [
        *found("zhytomyr-2022", "UA-18"), *found("venezuela-2019-blackout", "VE"),
        *found("louisiana-2020-laura", "US-Louisiana"),
    ]  # fmt: skip
    assert (len(shutdowns), len(others)) == (10, 4)
    # a telescope that is heard only after the return of one of them makes it no other than those beside it
    assert len(set(shutdowns[1:8])) == 1
    assert min(shutdowns) > max(others) + 0.5
