"""What ``--why`` says of outages: what was only suspected, what they look like, and what makes one mobile."""

import re
from pathlib import Path

from msgspec import structs

from pipeline.explain.terms import LIMITS, SIGNS
from pipeline.explain.why import likenesses, suspicions, why_mobile
from pipeline.fusion import likeness as module
from pipeline.fusion.likeness import DAYS
from pipeline.records import Entity, Outage, Sign, Term
from pipeline.replay.coverage import Past
from pipeline.settings import Calendar, Settings
from tests.explain.shown import outage

HOUR, DAY = 3600, 86400
LOW, ROUTES = Term("traffic.radar", 0.42, -9.0, 8.9, 1.0), Term("bgp.ris", 1.0, 0.0, -2.0, 1.0)
PROBES = Term("probing.ioda", 1.03, 0.4, -2.0, 1.0)


def suspected(state: str = "suspected", past: Past | None = None, days: str = "", **changed: object) -> str:
    """What is said of an outage that was never confirmed."""
    one = outage(state, confirmed_at=None, **changed)
    kin = {(one.entity_type, one.entity): Entity(one.entity_type, one.entity, "PK")}
    settings = Settings(calendar=Calendar({days: "election"})) if days else Settings()
    (said,) = suspicions([one], past or Past(), kin, settings)
    return said


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
