"""What ``--why`` says of outages: their terms, what was only suspected, and what they look like."""

import inspect
import io
import re
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console

from pipeline.explain.terms import HELD_BY, LIMITS, SIGNS
from pipeline.explain.why import explained, likenesses, stayed_up, suspicions
from pipeline.fusion import likeness as module
from pipeline.fusion.belief import Moments
from pipeline.fusion.likeness import DAYS
from pipeline.records import Entity, Left, Outage, Sign, Term
from tests.explain.shown import T, outage

HOUR, DAY = 3600, 86400
EVIDENCE = (
    Term("prior", None, None, -6.0, 1.0), Term("probing.ioda", 0.2, -9.0, 7.0, 1.0),
    Term("bgp.ris", 1.0, 0.1, -0.5, 1.0), Term("day.election", None, None, 1.4, 1.0),
)  # fmt: skip


def said(one: Outage, *now: Left) -> list[str]:
    """What is said of an outage, line by line."""
    out = io.StringIO()
    Console(file=out, width=300).print(*explained(one, {}, now), sep="\n")
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def test_the_terms_of_an_outage_are_a_table_that_adds_up_to_how_sure_it_is() -> None:
    one = outage(signals=EVIDENCE, probability=0.87, depth=0.5, start_between=(T - 300, T + 300))
    assert said(one, Left("a1", "probing.ioda", T, T + 600, 0.35)) == [
        "Pakistan: mobile networks down (mobile); began 2024-02-08 01:45 UTC (between 01:40 and 01:50); 50% lost now, "
        "80% at worst.",
        "signal of usual now weight times likelier",
        "probes (probing.ioda) 20% 35% +7.0 1,100",
        "routes (bgp.ris) 100% −0.5 1/1.6",
        "an election day +1.4 4.1",
        "without its signals −6.0 1/400",
        "together +1.9 87% sure",
    ]
    over = outage("ended", end=T + HOUR, end_between=(T + HOUR, T + HOUR))
    assert said(over)[0].endswith("began 2024-02-08 01:45 UTC, ended 02:45 UTC (not seen to turn); 80% lost at worst.")


@pytest.mark.parametrize("held_by", HELD_BY)
def test_what_holds_a_confirmation_back_is_a_sentence(held_by: str) -> None:
    one = outage("suspected", confirmed_at=None, signals=EVIDENCE, probability=0.87, held_by=held_by)
    sentence = f"Not confirmed: {HELD_BY[held_by]}."
    assert said(one)[0].endswith(sentence)
    assert list(suspicions([one], {})) == [
        "Still suspected: Pakistan from 2024-02-08 01:45 UTC on, 80% lost, 87% sure: probes (probing.ioda) at 20%; "
        f"against it: routes (bgp.ris) at 100%. {sentence}"
    ]


def test_everything_that_may_hold_a_confirmation_back_has_words() -> None:
    source = inspect.getsource(Moments.held_by)
    assert {*re.findall(r'return "([a-z ]+)"', source), *re.findall(r'"([a-z ]+)" if ', source), ""} == set(HELD_BY)


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
    own = {"id": entity, "start": HOUR, "end": 2 * HOUR} | changed
    return outage("ended", entity_type=entity_type, entity=entity, **own)  # type: ignore[arg-type]


def test_the_networks_that_stayed_up_in_a_mobile_shutdown_are_named() -> None:
    country, zong = out("country", "PK"), out("asn", "AS1")
    named = ["Of the networks of Pakistan in the recording these stayed up: PTCL, AS2."]
    assert list(stayed_up([country, zong], KIN)) == named
    doubted = structs.replace(zong, confirmed_at=None, state="retracted")
    for start, end, up in ((4000, 5000, False), (0, HOUR, True), (2 * HOUR, 9000, True)):
        other = structs.replace(doubted, id="AS2", entity="AS2", start=start, end=end)
        assert list(stayed_up([country, zong, other], KIN)) == named * up
