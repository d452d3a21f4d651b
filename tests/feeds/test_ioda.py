"""IODA's answers, real ones and those that it was seen to give when something is wrong."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DecodeError
from pipeline.feeds.ioda import POLLED
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Place, Points, Request
from pipeline.records import Entity

BGP, PROBING, TELESCOPE, GOOGLE = POLLED
TR = Place("TR", Entity("country", "TR", "TR"))
ASKED = Request("", {}, 1706745600, 1706832000, (TR,))
RECORDED = Path(os.environ.get("NETVIGIL_DATA", "../shared/data")) / "feeds/traffic/ioda"


def recorded(name: str) -> bytes:
    if not RECORDED.exists():
        pytest.skip(f"no recorded answers in {RECORDED}")
    return (RECORDED / name).read_bytes()


def series(**other: object) -> dict[str, object]:
    given = {"entityType": "country", "entityCode": "TR", "from": 600, "step": 300, "nativeStep": 300, "values": [7]}
    return given | other


def answer(*given: dict[str, object]) -> bytes:
    return json.dumps({"error": None, "data": [list(given)]}).encode()


def test_a_recorded_answer_has_its_values_at_their_times() -> None:
    (points,) = BGP.parse(recorded("signals_raw_country_TR_bgp_abbrev.json"), ASKED)
    assert isinstance(points, Points)
    assert points.entity == TR.entity
    assert points.time.tolist() == [1706745600 + 300 * i for i in range(4)]
    assert points.value.tolist() == [62200, 62220, 62224, 62213]


def test_of_google_the_search_is_used() -> None:
    item = json.loads(recorded("signals_raw_country_TR_gtr_item_abbrev.json"))
    mail = item | {"subtype": "GMAIL"}
    (points,) = GOOGLE.parse(answer(mail, item), ASKED)
    assert isinstance(points, Points)
    assert (points.time.tolist(), points.value.tolist()) == ([1706745600, 1706747400], [955040520, 761764750])


def test_time_counts_from_what_the_answer_says_and_null_is_no_value() -> None:
    (points,) = BGP.parse(answer(series(values=[None, 0, 7.5, None])), ASKED)
    assert isinstance(points, Points)
    assert points.time.tolist() == [600, 900, 1200, 1500]
    np.testing.assert_array_equal(points.value, [np.nan, 0, 7.5, np.nan])


def test_a_recorded_series_of_objects_is_damage() -> None:
    body = recorded("ioda-ui_1299_upstream_delay_penult_asns.json")
    asked = Request("", {}, places=(Place("1299", Entity("asn", "AS1299")),))
    (damage,) = TELESCOPE.parse(body.replace(b'"step": 3600', b'"step": 300').replace(b": 3600,\n", b": 300,\n"), asked)
    assert isinstance(damage, DecodeError)
    assert damage.reason in ("bad-series", "bad-step")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (series(step=3600), "bad-step"),
        (series(step=600, nativeStep=600), "bad-step"),
        (series(values=[{"agg_values": {}}]), "bad-series"),
        (series(values=None), "bad-series"),
        ({"entityType": "country"}, "bad-series"),
    ],
)
def test_a_series_that_cannot_be_used_costs_no_other(given: dict[str, object], reason: str) -> None:
    damage, points = BGP.parse(answer(given, series()), ASKED)
    assert isinstance(damage, DecodeError)
    assert damage.reason == reason
    assert isinstance(points, Points)


def test_what_was_not_asked_for_is_no_value() -> None:
    assert [*BGP.parse(answer(series(entityCode="GR"), series(entityType="region")), ASKED)] == []
    assert [*BGP.parse(b'{"error": null, "data": [[]]}', ASKED)] == []


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (b"<html>", "bad-json", "it is a web page, no JSON"),
        (b"Bad gateway", "bad-json", "it is no JSON: 'Bad gateway'"),
        (b"", "bad-json", "it is empty"),
        (answer(series())[:-9], "bad-json", "its JSON breaks off"),
        (b"[]", "bad-answer", "object"),
        (b'{"data": 7}', "bad-answer", "array"),
        (b'{"error": "backend\\u001b timed out", "data": null}', "refused", "backend? timed out"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(body: bytes, reason: str, detail: str) -> None:
    with pytest.raises(DecodeError) as raised:
        list(BGP.parse(body, ASKED))
    assert raised.value.reason == reason
    assert detail in raised.value.detail


def test_the_recorded_error_of_ioda_is_one() -> None:
    with pytest.raises(DecodeError, match="timestamp must be set"):
        list(BGP.parse(recorded("outages_events_error.json"), ASKED))


def test_regions_are_looked_up_by_country_and_named_after_it() -> None:
    (asked,) = PROBING.lookups(Scope(("TR",)))
    assert (asked.path, asked.query) == ("/entities/query", {"entityType": "region", "relatedTo": "country/TR"})
    item = recorded("entities_query_region_TR_item.json")
    found = [*PROBING.found(b'{"type": "entities", "error": null, "data": [' + item + b"]}", asked)]
    assert found == [Place("4107", Entity("region", "TR-Izmir", "TR", title="Izmir"))]


@pytest.mark.parametrize(
    ("code", "name"),
    [("1/../../evil", "Izmir"), ("", "Izmir"), ("4107", ""), ("4107?x=", "Izmir"), ("٤", "Izmir"), ("4107", "a" * 5000),
     ("4107", "Iz\x1bmir"), ("4107", "Iz\u202emir")],
)  # fmt: skip
def test_a_region_that_is_none_is_damage_and_costs_no_other(code: str, name: str) -> None:
    body = json.dumps({"data": [{"code": code, "name": name}, {"code": "1", "name": "İzmir-2"}]}).encode()
    damage, place = PROBING.found(body, Request("", {}, places=(TR,)))
    assert isinstance(damage, DecodeError)
    assert (damage.reason, damage.place) == ("bad-region", "region 1 of TR")
    assert len(damage.detail) < 120
    assert place == Place("1", Entity("region", "TR-İzmir-2", "TR", title="İzmir-2"))


def test_many_places_are_asked_for_in_few_requests_and_google_for_countries_alone() -> None:
    scope = Scope(("PK", "UG"), tuple(Entity("asn", f"AS{i}") for i in range(1, 60)))
    paths = [request.path for request in BGP.asks(0, 600, tuple(BGP.places(scope)))]
    assert paths[0] == "/signals/raw/country/PK,UG"
    assert [path.count(",") + 1 for path in paths] == [2, 50, 9]
    assert {place.entity.type for place in GOOGLE.places(scope)} == {"country"}
    assert [*GOOGLE.lookups(scope)] == []
    assert len([*BGP.places(Scope())]) > 200
