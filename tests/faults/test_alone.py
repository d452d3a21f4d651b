"""Each answer counts by itself: one that is refused, a quota, and odd forms silence no other place."""

import re

import pytest

from pipeline.engine import Engine
from pipeline.engine import chain as through
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Polled
from pipeline.feeds.registry import POLLED
from pipeline.geo.countries import every_country
from pipeline.records import UP, Entity
from pipeline.signals.binning import Late, Taken
from tests.faults.test_polled import without_repeats
from tests.feeds.live.polling import HOUR, START, Story, given

pytestmark = pytest.mark.sockets

EVERY = pytest.mark.parametrize("polled", POLLED.values(), ids=POLLED)
THIRTY = 30
NETWORKS = tuple(Entity("asn", f"AS{number}", "PK") for number in range(1001, 1000 + THIRTY))


def of_thirty(polled: Polled) -> tuple[Scope, str, str]:
    """A scope with thirty places, the code of one of them, and its name."""
    if polled.name == "ooni":
        services = tuple(f"site{number}.example" for number in range(THIRTY))
        return Scope(("PK",), (), services), "site7.example", "PK:site7.example"
    if polled.name == "ioda-google":
        countries = tuple(every_country())[-THIRTY:]
        return Scope(countries), countries[7], countries[7]
    return Scope(("PK",), NETWORKS), "1007", "AS1007"


def told(polled: Polled, scope: Scope, hours: int = 3, **settings: object) -> Story:
    entities = [place.entity for place in polled.places(scope)]
    rows = given(polled, START - 3 * 86_400, START + (hours + 1) * HOUR, entities)
    story = Story(polled, rows, START, START + hours * HOUR, scope=scope)
    for name, value in settings.items():
        setattr(story.publisher, name, value)
    return story.told()


def lost(story: Story) -> int:
    """Records that were read and are neither used nor late."""
    outputs = list(through(without_repeats(story), Engine()))  # type: ignore[arg-type]
    used = sum(output.records for output in outputs if isinstance(output, Taken))
    return story.desk.read - used - sum(len(output.records) for output in outputs if isinstance(output, Late))


@EVERY
def test_one_place_of_thirty_that_is_refused_is_said_once_and_the_others_go_on(polled: Polled) -> None:
    scope, code, name = of_thirty(polled)
    story = told(polled, scope, refused=code)
    ends: dict[str, int] = {}
    for entity, time in story.values():
        ends[entity] = max(time, ends.get(entity, 0))
    assert len(ends) == THIRTY - 1
    assert name not in ends
    assert min(ends.values()) > START + 2 * HOUR - story.delay - 3 * polled.width
    (letter,) = story.sink.letters(polled.name)
    assert (letter.reason, letter.place) == ("refused", name)
    why = f"without {name}: 127.0.0.1 answers 400: no such place"
    assert story.sink.told(polled.name)[-1] == (UP, why)
    assert lost(story) == 0


@EVERY
def test_a_quota_of_eight_a_minute_slows_all_places_and_starves_none(polled: Polled) -> None:
    scope, _, _ = of_thirty(polled)
    story = told(polled, scope, quota=8)
    assert {entity for entity, _ in story.values()} == {place.entity.name for place in polled.places(scope)}
    assert story.failures == []
    assert story.sink.told(polled.name) == [(UP, "")]
    assert lost(story) == 0


ODD = {
    "ioda": lambda body: re.sub(rb'"from": ([0-9]+)(, "until": [0-9]+, "step")', rb'"from": "\1"\2', body),
    "radar": lambda body: body.replace(b'"level": 5', b'"level": 5.0').replace(b'"errors": []', b'"errors": null'),
    "ooni": lambda body: body.replace(b'"ok_count"', b'"not_known": null, "ok_count"'),
}


@EVERY
def test_an_odd_form_is_read(polled: Polled) -> None:
    changes: list[bytes] = []

    def tells(body: bytes) -> bytes:
        changes.append(ODD[polled.name.partition("-")[0]](body))
        return changes[-1]

    scope, _, _ = of_thirty(polled)
    story = told(polled, scope, hours=2, tells=tells)
    assert any(b"null" in body or b'"from": "' in body for body in changes)
    assert story.sink.told(polled.name) == [(UP, "")]
    assert len({entity for entity, _ in story.values()}) == THIRTY
    assert not story.sink.letters(polled.name)
