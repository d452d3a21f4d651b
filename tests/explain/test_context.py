"""What a replay's outages look like, in words: every term with its weight and source, and how far it goes."""

import re
from pathlib import Path

from msgspec import structs

from pipeline.explain.terms import LIMITS, SIGNS, looks, resemblance
from pipeline.explain.why import likenesses
from pipeline.fusion import likeness as module
from pipeline.fusion.likeness import DAYS
from pipeline.records import Sign, Term
from tests.explain.shown import outage

LASTS = Sign("lasts", 0.62, "SIGCOMM 2023, without its three series")
DIFFER = Sign("differ", -1.0, "SIGCOMM 2023, without its three series")
FELL = Term("probing.ioda", 0.2, -9.0, 7.0, 1.0)
REPEATS = Sign("repeats", 2.0, "SIGCOMM 2023")


def of(day: int, *signs: Sign, **changed: object):
    total = sum(sign.weight for sign in signs)
    start = 1692666000 + day * 86400
    return structs.replace(outage(id=str(day), start=start, likeness=total, signs=signs), **changed)


def test_every_term_stands_with_its_weight_and_its_source_and_the_limits_below() -> None:
    assert list(likenesses([of(0, REPEATS, LASTS)], {})) == [
        "Looks like a shutdown: likely (+2.6): Pakistan, 2023-08-22 01:00 UTC on",
        "  +2.0 it began at that time one to four days before, too (SIGCOMM 2023)",
        "  +0.6 it lasted three hours or more (SIGCOMM 2023, without its three series)",
        LIMITS,
    ]
    assert all(figure in LIMITS for figure in (" 83 ", " 93 ", " 69 to 75 ", "never an attribution"))


def test_what_a_source_says_for_short_is_explained_below_the_terms() -> None:
    assert {LASTS.source.partition(", ")[2], REPEATS.source} == {"without its three series", "SIGCOMM 2023"}
    assert "a study (SIGCOMM 2023)" in LIMITS
    assert 'three countries: a term "without its three series" is weighed without these' in LIMITS


def test_the_kinds_of_signals_that_stood_are_named_and_tell_outages_apart() -> None:
    routes, traffic = (Term(f"{kind}.x", 1.0, 0.0, -1.0, 1.0) for kind in ("bgp", "traffic"))
    some = [of(i, DIFFER, signals=(FELL, *stood)) for i, stood in enumerate([(routes, traffic), (traffic,)])]
    said = list(likenesses(some, {}))
    assert said[1] == "  −1.0 some kinds of signals stood: routes, traffic (SIGCOMM 2023, without its three series)"
    assert said[3] == "  −1.0 some kinds of signals stood: traffic (SIGCOMM 2023, without its three series)"
    assert "stood: traffic (" in resemblance(some[1])


def test_the_words_go_both_ways_and_little_says_nothing() -> None:
    assert [looks(odds).partition(" ")[0] for odds in (1.0, 0.99, -0.99, -1.0)] == [
        "likely", "unclear", "unclear", "unlikely",
    ]  # fmt: skip


def test_every_term_that_there_is_has_words() -> None:
    named = set(re.findall(r'Sign\("(\w+)"', Path(module.__file__).read_text()))
    assert {*DAYS, *named} == set(SIGNS)
