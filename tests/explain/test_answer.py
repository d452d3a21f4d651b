"""What a replay says first: what is still out, and what of it is not sure; and how deep was what was not confirmed."""

from pathlib import Path

import pytest
from msgspec import structs

from pipeline.errors import FEW
from pipeline.explain.terminal import still_out
from pipeline.explain.why import ALIKE, by_traffic_only, how_to_read, suspicions
from pipeline.records import Entity, Term
from pipeline.replay.coverage import LONG, Observed, Past, Span, Stretch
from pipeline.settings import Fusing
from tests.explain.shown import T, outage
from tests.explain.test_summary import HOUR, replayed, series

DAY = 24 * HOUR
NAMES = ("AF", "BD", "IN", "IQ", "IR", "LK", "NP")


def seen(first: int, last: int = T + DAY) -> Past:
    """A past in which the probes of Pakistan were seen."""
    stretch = Stretch(first, last, 600, LONG)
    return Past.of(Observed({("probing.ioda", "country", "PK"): [stretch]}, first, last))


def test_what_is_still_out_stands_before_the_table_and_is_counted_below(tmp_path: Path) -> None:
    rows = series(72, low=range(2, 12)) + series(72, "IQ", low=range(9)) + series(72, "IR", low=range(2, 12))
    said = replayed(tmp_path, rows)
    assert said.startswith("Still out (1 of 3 outages) when the recording ended, 2024-02-07 23:50 UTC: Iraq. where ")
    assert "3 outages confirmed (1 still out), 0 only suspected" in said
    over = replayed(tmp_path, series(72, low=range(2, 12)))
    assert over.startswith("All of these were over when the recording ended, 2024-02-07 23:50 UTC. where ")
    assert "1 outage confirmed, 0 only suspected" in over
    assert "recording ended" not in replayed(tmp_path, series(72))


def test_five_that_are_still_out_are_named_and_what_recovers_is_no_longer_out() -> None:
    found = [outage(id=name, entity=name) for name in NAMES]
    end = "when the recording ended, 2024-02-09 01:45 UTC"
    assert still_out(found, seen(T - 2 * DAY), {}) == (
        f"Still out (7 of 7 outages) {end}: Afghanistan; Bangladesh; India; Iraq; Iran and 2 more."
    )
    back = outage("recovering", end=T + HOUR)
    assert still_out([back], seen(T - 2 * DAY), {}) == f"Recovering {end}: Pakistan."
    assert still_out([found[0], back], seen(T - 2 * DAY), {}).endswith(f"(1 of 2 outages) {end}: Afghanistan. "
                                                                       "Recovering: Pakistan.")  # fmt: skip


def test_what_is_out_only_as_far_as_is_known_is_marked_there_too() -> None:
    gone = seen(T - 2 * DAY, T + 4 * HOUR)
    gone.observed.last = T + DAY
    assert still_out([outage()], gone, {}).endswith(" UTC: Pakistan*.")
    assert still_out([outage()], seen(T - 2 * DAY), {}).endswith(" UTC: Pakistan.")


def test_where_nothing_was_found_the_warnings_follow_that(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(24), 1)
    assert said.index("no outages confirmed") < said.index("No all-clear") < said.index("records read")


def test_a_blackout_of_the_first_day_says_how_deep_it_was_and_why_it_is_not_confirmed(tmp_path: Path) -> None:
    three = (series(24, low=range(2, 6), left=2, signal=name) for name in ("bgp.ris", "probing.ioda", "traffic.radar"))
    said = replayed(tmp_path, "".join(three), 1)
    early = "; it began in its first day, in which nothing can be confirmed"
    by = "routes (bgp.ris) at 2%, probes (probing.ioda) at 2%, traffic.radar at 2%"
    assert f"Retracted: Pakistan from 2024-02-07 18:00 to 22:00 UTC, 98% lost: {by}{early}." in said
    (still,) = suspicions([outage("suspected", confirmed_at=None)], seen(T - DAY + 600), {})
    assert still == (
        "Still suspected: Pakistan from 2024-02-08 01:45 UTC on (97% sure, but held back), 80% lost: "
        "probes (probing.ioda) at 20%; "
        f"against it: routes (bgp.ris) at 100%; at its worst only one kind of signals showed it{early}."
    )
    (later,) = suspicions([outage("suspected", confirmed_at=None)], seen(T - DAY), {})
    assert later == still.replace(early, "")


def test_what_spoke_against_one_that_was_not_confirmed_is_said_and_95_percent_are_reached_by_nobody_below() -> None:
    terms = (Term("traffic.radar", 0.53, -8.0, 8.9, 1.0), Term("probing.ioda", 1.03, 0.4, -2.0, 1.0))
    (still,) = suspicions([outage("suspected", confirmed_at=None, probability=0.949, signals=terms)], Past(), {})
    assert "(94% sure)" in still
    (still,) = suspicions([outage("suspected", confirmed_at=None, probability=0.95, signals=terms)], Past(), {})
    assert "(95% sure, but held back)" in still
    by = "traffic.radar at 53%; against it: {}probes (probing.ioda) at 103%"
    by += "; at its worst only one kind of signals showed it."
    assert still.endswith(by.format(""))
    free = outage("suspected", confirmed_at=None, signals=(Term("day.holiday", None, None, -1.0, 1.0), *terms))
    assert next(suspicions([free], Past(), {})).endswith(by.format("a holiday, "))
    for other in Term("bgp.ris", 0.0, -8.0, 8.9, 1.0), Term("parts.together", 0.4, None, 1.2, 1.0):
        for others in (other, *terms), (other, terms[1]):
            both = outage("suspected", confirmed_at=None, signals=others)
            alone = other.signal == "bgp.ris" and len(others) == 2
            assert next(suspicions([both], Past(), {})).endswith("signals showed it.") == alone


NO_ALL_CLEAR, ALONE = ", so this is no all-clear", "; at its worst only one kind of signals showed it"
HALF_GONE = "; half of the traffic was gone{}: that is confirmed after three hours "
LEARNT, AT_ONCE, NAMED = "from two weeks of history on", "where it fell at once", " on a day of fusing.days"
OTHERS = f"{LEARNT}, or {AT_ONCE}{NAMED}."
QUARTERS = (
    "; three quarters of the traffic were gone{}: that is confirmed after an hour and a half, in two bins at least."
)
BROKEN = "; a count of nothing at all may be a broken feed{}."


@pytest.mark.parametrize(
    ("left", "state", "of", "said"),
    [
        ((0.49,), "retracted", "country", HALF_GONE.format(NO_ALL_CLEAR) + OTHERS),
        ((0.49,), "suspected", "country", HALF_GONE.format("") + OTHERS),
        ((0.49,), "suspected", "region", HALF_GONE.format("") + OTHERS),
        ((0.49, 0.0), "retracted", "country", HALF_GONE.format(NO_ALL_CLEAR) + OTHERS),
        ((0.26,), "suspected", "country", HALF_GONE.format("") + OTHERS),
        ((0.25,), "suspected", "country", QUARTERS.format("")),
        ((0.49, 0.2), "retracted", "country", QUARTERS.format(NO_ALL_CLEAR)),
        ((0.0,), "retracted", "country", BROKEN.format(NO_ALL_CLEAR)),
        ((0.0, 0.9), "retracted", "country", BROKEN.format(NO_ALL_CLEAR)),
        ((0.0,), "suspected", "country", BROKEN.format("")),
        ((0.51,), "retracted", "country", f"{ALONE}."),
        ((0.49,), "retracted", "asn", f"{ALONE}."),
    ],
)
def test_of_traffic_that_was_gone_it_is_said_what_would_be_confirmed(
    left: tuple[float, ...], state: str, of: str, said: str
) -> None:
    fell = (Term(f"traffic.{n}", own, -8.0, 8.9, 1.0) for n, own in enumerate(left))
    terms = (*fell, Term("probing.ioda", 1.03, 0.4, -2.0, 1.0))
    name = "PK-SD" if of == "region" else "PK"
    told = outage(state, confirmed_at=None, entity=name, entity_type=of, signals=terms, end=T + HOUR)
    kin = {(of, name): Entity(of, name, "PK")}
    assert next(suspicions([told], Past(), kin)).endswith(ALONE + said.replace(ALONE, ""))
    alone = structs.replace(told, signals=terms[:-1])  # then it was not who stands that kept it back
    more = said.replace(ALONE, "").partition(":")[0].rstrip(".")
    assert next(suspicions([alone], Past(), kin)).endswith(f"{more or '%'}.")
    on_a_feast = structs.replace(told, signals=(Term("day.holiday", None, None, -1.0, 1.0), *terms))
    assert next(suspicions([on_a_feast], Past(), kin)).endswith(said.replace(OTHERS, f"{AT_ONCE}{NAMED}."))
    for day in ("2024-02-08", "2024-02-09"):  # the day itself, and its eve
        own = Fusing(days={f"PK {day}": "election"})
        late = structs.replace(told, start=told.start + 8 * HOUR, end=told.end + 8 * HOUR)
        assert next(suspicions([late], Past(), kin, own)).endswith(said.replace(OTHERS, f"{AT_ONCE}, or {LEARNT}."))


SATURDAY = T + 2 * DAY
FIRST = "; it began on a weekend, and {} weekend before it was read{}."


@pytest.mark.parametrize(
    ("of", "left", "days", "start", "said"),
    [
        ("country", (0.4,), 4, SATURDAY, FIRST.format("no", NO_ALL_CLEAR)),
        ("country", (0.4, 0.0), 4, SATURDAY, FIRST.format("no", NO_ALL_CLEAR)),
        ("country", (0.1,), 9, SATURDAY, FIRST.format("only one", NO_ALL_CLEAR)),
        ("asn", (0.0,), 4, SATURDAY, FIRST.format("no", NO_ALL_CLEAR)),
        ("asn", (0.0,), 15, SATURDAY, f"{ALONE}."),
        ("country", (0.4,), 15, SATURDAY, HALF_GONE.format(NO_ALL_CLEAR) + OTHERS),
        ("country", (0.4,), 4, T, HALF_GONE.format(NO_ALL_CLEAR) + OTHERS),
        ("country", (0.0,), 4, SATURDAY, BROKEN.format(NO_ALL_CLEAR)),
        ("country", (0.6,), 4, SATURDAY, f"{ALONE}."),
    ],
)
def test_of_what_was_lost_on_a_first_weekend_it_is_said_that_little_is_known(
    of: str, left: tuple[float, ...], days: int, start: int, said: str
) -> None:
    """Of the traffic that fell so many days are known, of the routes, which are a little low, many more."""
    fell = {f"traffic.{n}": Term(f"traffic.{n}", own, -8.0, 8.9, 1.0) for n, own in enumerate(left)}
    terms = (*fell.values(), Term("bgp.ris", 0.99, -2.0, 0.5, 1.0), Term("probing.ioda", 1.03, 0.4, -2.0, 1.0))
    told = outage("retracted", confirmed_at=None, entity_type=of, signals=terms, start=start, end=start + HOUR)
    began = {"bgp.ris": SATURDAY - 60 * DAY} | dict.fromkeys(fell, SATURDAY - days * DAY)
    past = Past({(name, of, "PK"): Span(first, SATURDAY + DAY, 600) for name, first in began.items()})
    again = Past({series: span._replace(first=0, again=(span.first,)) for series, span in past.spans.items()})
    kin = {(of, "PK"): Entity(of, "PK", "PK")}
    for own in past, again:
        assert next(suspicions([told], own, kin)).endswith(said.replace(ALONE, ""))


def test_of_those_that_were_not_confirmed_the_deepest_are_told_and_the_others_counted() -> None:
    depths = zip(NAMES, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9), strict=True)
    found = [outage("retracted", id=n, entity=n, severity=d, confirmed_at=None, end=T + HOUR) for n, d in depths]
    told = list(suspicions(found, Past(), {}))
    assert told[0].startswith("Retracted: Nepal from 2024-02-08 01:45 to 02:45 UTC, 90% lost: ")
    assert len(told) == FEW + 1
    assert told[-1] == "Retracted: 2 more, in which no more was lost: --json has them all."
    assert "lost." in next(suspicions([structs.replace(found[0], signals=())], Past(), {}))


def test_what_an_end_is_stands_below_an_outage_of_a_day() -> None:
    past, end = Past({("bgp.ris", "country", "PK"): Span(0, 86_400, 300)}), outage().start + DAY
    assert "An end is a return" in how_to_read(past, [structs.replace(outage(), end=end)])
    for other in (end - 1, None):
        assert "An end" not in how_to_read(past, [structs.replace(outage(), end=other)])


def test_traffic_that_told_it_alone_is_said_to_have_and_what_else_looks_so() -> None:
    low, routes = Term("traffic.radar", 0.42, -9.0, 8.9, 1.0), Term("bgp.ris", 1.0, 0.0, -2.0, 1.0)
    probes, telescope = Term("probing.ioda", 1.0, 0.0, -2.0, 1.0), Term("telescope.ioda", 0.9, -9.0, 4.0, 1.0)
    said = "only traffic showed it, while {} did not fall: {}. " + ALIKE
    pk = outage(kind="partial", signals=(low, routes, probes))
    gh = structs.replace(pk, id="gh", entity="GH", signals=(low, routes))
    both = [said.format("probes and routes", "Pakistan"), said.format("routes", "Ghana")]
    assert sorted(by_traffic_only([pk, gh], {})) == sorted(both)
    part = structs.replace(pk, id="part", entity_type="region", entity="PK-SD", part_of=pk.id)
    assert list(by_traffic_only([pk, part], {})) == both[:1]
    assert len(list(by_traffic_only([part], {}))) == 1
    together = structs.replace(pk, signals=(low, Term("parts.together", 0.4, None, 1.2, 1.0), routes))
    network = structs.replace(part, entity_type="asn", entity="AS1", signals=(low,))
    assert list(by_traffic_only([together, network], {})) == [said.format("routes", "Pakistan")]
    assert list(by_traffic_only([together, structs.replace(network, signals=(low, telescope))], {})) == []
    for others in ((low,), (low, telescope, routes), (probes, telescope, routes)):
        assert list(by_traffic_only([structs.replace(pk, signals=others)], {})) == []
    mobile = {"kind": "mobile"}
    for other in ({"entity_type": "asn", "entity": "AS1"}, {"confirmed_at": None}, {"state": "retracted"}, mobile):
        assert list(by_traffic_only([structs.replace(pk, **other)], {})) == []
