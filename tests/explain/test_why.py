"""What ``--why`` says of outages: what was only suspected, what they look like, and what makes one mobile."""

import re
from pathlib import Path

import pytest
from msgspec import structs

from pipeline.errors import FEW
from pipeline.explain.terms import LIMITS, SIGNS
from pipeline.explain.why import by_traffic_only, how_to_read, likenesses, suspicions, what_kinds, why_mobile
from pipeline.fusion import likeness as module
from pipeline.fusion.likeness import DAYS
from pipeline.records import Entity, Outage, Sign, Term
from pipeline.replay.coverage import LONG, Observed, Past, Span, Stretch
from pipeline.settings import Fusing
from tests.explain.shown import T, outage

HOUR, DAY = 3600, 86400
LOW, ROUTES = Term("traffic.radar", 0.42, -9.0, 8.9, 1.0), Term("bgp.ris", 1.0, 0.0, -2.0, 1.0)
PROBES = Term("probing.ioda", 1.03, 0.4, -2.0, 1.0)


def suspected(state: str = "suspected", past: Past | None = None, days: str = "", **changed: object) -> str:
    """What is said of an outage that was never confirmed."""
    one = outage(state, confirmed_at=None, **changed)
    kin = {(one.entity_type, one.entity): Entity(one.entity_type, one.entity, "PK")}
    settings = Fusing(days={days: "election"}) if days else Fusing()
    (said,) = suspicions([one], past or Past(), kin, settings)
    return said


def test_a_suspicion_says_how_deep_it_was_what_is_against_it_and_why_it_is_not_confirmed() -> None:
    seen = {("probing.ioda", "country", "PK"): [Stretch(T - DAY + 600, T + DAY, 600, LONG)]}
    said = suspected(past=Past.of(Observed(seen, T - DAY + 600, T + DAY)))
    assert said == (
        "Still suspected: Pakistan from 2024-02-08 01:45 UTC on (97% sure, but held back), 80% lost: "
        "probes (probing.ioda) at 20%; against it: routes (bgp.ris) at 100%; "
        "at its worst only one kind of signals showed it; it began in its first day, in which nothing can be confirmed."
    )
    assert "(94% sure)" in suspected(probability=0.949)
    assert "(95% sure, but held back)" in suspected(probability=0.95)


def test_the_deepest_suspicions_are_told_and_the_others_counted() -> None:
    names = ("AF", "BD", "IN", "IQ", "IR", "LK", "NP")
    found = [
        outage("retracted", id=n, entity=n, severity=i / 10, confirmed_at=None, end=T + HOUR)
        for i, n in enumerate(names)
    ]
    said = list(suspicions(found, Past(), {}, Fusing()))
    assert said[0].startswith("Retracted: Nepal from 2024-02-08 01:45 to 02:45 UTC, 60% lost: ")
    assert said[FEW:] == ["Retracted: 2 more, in which no more was lost: --json has them all."]


HALF = "half of the traffic was gone{}: that is confirmed after three hours "
LEARNT, AT_ONCE = "from two weeks of history on", "where it fell at once"
QUARTERS = (
    "three quarters of the traffic were gone{}: that is confirmed after an hour and a half, in two bins at least."
)
NO_ALL_CLEAR = ", so this is no all-clear"


@pytest.mark.parametrize(
    ("left", "state", "of", "said"),
    [
        ((0.49,), "retracted", "country", HALF.format(NO_ALL_CLEAR) + LEARNT),
        ((0.49, 0.0), "suspected", "region", HALF.format("") + LEARNT),
        ((0.25,), "suspected", "country", QUARTERS.format("")),
        ((0.49, 0.2), "retracted", "country", QUARTERS.format(NO_ALL_CLEAR)),
        ((0.0,), "retracted", "country", f"a count of nothing at all may be a broken feed{NO_ALL_CLEAR}."),
        ((0.51,), "retracted", "country", "only one kind of signals showed it."),
        ((0.49,), "retracted", "asn", "only one kind of signals showed it."),
    ],
)
def test_of_traffic_that_was_gone_it_is_said_what_would_be_confirmed(
    left: tuple[float, ...], state: str, of: str, said: str
) -> None:
    fell = tuple(Term(f"traffic.{n}", own, -8.0, 8.9, 1.0) for n, own in enumerate(left))
    own = {
        "entity_type": of,
        "entity": "PK-SD" if of == "region" else "PK",
        "signals": (*fell, PROBES),
        "end": T + HOUR,
    }
    assert said in suspected(state, **own)
    if said.startswith("half"):
        assert f"three hours {AT_ONCE}, or {LEARNT}." in suspected(state, days="PK 2024-02-08", **own)
        free = Term("day.holiday", None, None, -1.0, 1.0)
        assert suspected(state, **own | {"signals": (free, *fell, PROBES)}).endswith(" on a day of fusing.days.")
        assert "confirmed after" not in suspected(state, **own | {"signals": fell}), "nothing was against it"


@pytest.mark.parametrize(("days", "weekends"), [(4, "no"), (9, "only one"), (15, "")])
def test_of_what_was_lost_on_a_first_weekend_it_is_said_that_little_is_known(days: int, weekends: str) -> None:
    start = T + 2 * DAY
    past = Past({("traffic.radar", "country", "PK"): Span(start - days * DAY, start + DAY, 600)})
    said = suspected("retracted", past, signals=(LOW, PROBES), start=start, end=start + HOUR)
    told = f"it began on a weekend, and {weekends} weekend before it was read{NO_ALL_CLEAR}."
    assert said.endswith(told) == bool(weekends)


LASTS, REPEATS = Sign("lasts", 0.62, "SIGCOMM 2023, without its three series"), Sign("repeats", 2.0, "SIGCOMM 2023")


def alike(day: int, *signs: Sign, **changed: object) -> Outage:
    start, total = 1692666000 + day * DAY, sum(sign.weight for sign in signs)
    return outage(id=str(day), start=start, likeness=total, signs=signs, **changed)


def test_what_an_outage_looks_like_is_told_with_weights_and_sources_where_it_is_clear() -> None:
    assert list(likenesses([alike(0, REPEATS, LASTS)], {})) == [
        "Looks like a shutdown: likely (+2.6): Pakistan, 2023-08-22 01:00 UTC on",
        "  +2.0 it began at that time one to four days before, too (SIGCOMM 2023)",
        "  +0.6 it lasted three hours or more (SIGCOMM 2023, without its three series)",
        LIMITS,
    ]
    part = alike(1, REPEATS, entity_type="asn", entity="AS1", part_of="0")
    assert list(likenesses([alike(0, LASTS), part], {})) == [], "unclear, and a part of it"
    assert list(likenesses([alike(0, REPEATS, confirmed_at=None)], {})) == []


def test_equal_likenesses_are_told_together_and_of_many_only_some() -> None:
    (first, *_) = likenesses([alike(day, REPEATS) for day in range(7)], {})
    assert first.endswith(" UTC on and 2 more")
    said = list(likenesses([alike(day, Sign("networks", 1 + day / 10, "x")) for day in range(FEW + 2)], {}))
    assert said[-2] == "and 2 others: --json has them all (likeness, signs)."


def test_every_term_of_a_likeness_has_words() -> None:
    named = set(re.findall(r'Sign\("(\w+)"', Path(module.__file__).read_text()))
    assert {*DAYS, *named} == set(SIGNS)


KIN = {("asn", name): Entity("asn", name, "PK", mobile, title)
       for name, mobile, title in (("AS1", True, "Zong"), ("AS2", False, "PTCL"))}  # fmt: skip


def out(entity_type: str, entity: str, **changed: object) -> Outage:
    terms = (Term("bgp.ris", 0.998, 0.1, -0.5, 1.0), Term("traffic.radar", 0.3, -9.0, 7.0, 1.0))
    own = {"id": entity, "start": HOUR, "end": 2 * HOUR, "signals": terms} | changed
    return outage("ended", entity_type=entity_type, entity=entity, **own)  # type: ignore[arg-type]


def test_what_makes_a_shutdown_a_mobile_one_is_said_of_its_networks() -> None:
    country, zong = out("country", "PK"), out("asn", "AS1")
    stood = ", while PTCL, AS2 stayed up"
    said = "mobile: of the networks of Pakistan in the recording only mobile ones {}{}. "
    said += "Not low: routes (bgp.ris) at 100% of usual."
    assert list(why_mobile([country, zong], KIN)) == [said.format("were out", stood)]
    doubted = structs.replace(zong, confirmed_at=None, state="retracted")
    assert list(why_mobile([country, doubted], KIN)) == [said.format("are suspected to have been out", stood)]
    for start, end, up in ((4000, 5000, False), (0, HOUR, True), (2 * HOUR, 9000, True)):
        other = structs.replace(doubted, id="AS2", entity="AS2", start=start, end=end)
        assert list(why_mobile([country, zong, other], KIN)) == [said.format("were out", stood * up)]


def test_a_kind_is_explained_with_the_places_that_it_is_of() -> None:
    state = out("region", "PK-Sindh", kind="unknown", start=60)
    other = out("region", "PK-Punjab", kind="unknown", confirmed_at=None)
    assert list(what_kinds([state, other, out("country", "PK", kind="unknown"), out("asn", "AS1")], {})) == [
        "unknown: connectivity is down, and no routes were seen that would say how: Pakistan; PK-Sindh (Pakistan)."
    ]


def test_what_only_traffic_showed_is_told_with_what_did_not_fall() -> None:
    one = out("country", "PK", kind="partial", signals=(LOW, ROUTES, PROBES))
    (said,) = by_traffic_only([one], {})
    assert said.startswith("only traffic showed it, while probes and routes did not fall: Pakistan. ")
    part = structs.replace(one, id="part", entity_type="region", entity="PK-SD", part_of=one.id)
    assert list(by_traffic_only([one, part], {})) == [said]
    telescope = structs.replace(part, entity_type="asn", signals=(LOW, Term("telescope.ioda", 0.9, -9.0, 4.0, 1.0)))
    assert list(by_traffic_only([one, telescope], {})) == [], "a part of it was seen by others"


@pytest.mark.parametrize(("widths", "said"), [((300, 1800), "5 to 30 minutes"), ((3600, 21600), "1 to 6 hours")])
def test_how_exact_times_are_is_told_and_what_an_end_is_after_a_day(widths: tuple[int, ...], said: str) -> None:
    past = Past({("bgp.ris", "country", str(width)): Span(0, DAY, width) for width in widths})
    assert how_to_read(past).endswith(f" Times are the starts of bins of {said}.")
    assert "An end is a return" in how_to_read(past, [out("country", "PK", end=HOUR + DAY)])
    assert "An end is a return" not in how_to_read(past, [out("country", "PK")])
