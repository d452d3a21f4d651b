"""Radar's answers, those of its documentation and those that are of no use."""

import json
import os
from pathlib import Path

import pytest

from pipeline.errors import DecodeError
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Place, Points, Request
from pipeline.feeds.radar import POLLED
from pipeline.records import Entity

TONGA = Place("TO", Entity("country", "TO", "TO"))
ASKED = Request("", {}, places=(TONGA,))
DOCUMENTED = Path(os.environ.get("NETVIGIL_DATA", "../shared/data")) / "feeds/traffic/cloudflare-radar-docs"


def answer(times: list[str], values: list[object], level: int | None = 5, **other: object) -> bytes:
    meta = {"confidenceInfo": {"level": level}} if level is not None else {}
    result = {"main": {"timestamps": times, "values": values}, "meta": meta}
    return json.dumps({"success": True, "errors": [], "result": result} | other).encode()


TIMES = ["2022-10-15T02:00:00Z", "2022-10-15T02:15:00Z", "2022-10-15T02:30:00Z"]


def test_a_documented_answer_is_read_without_its_last_bin() -> None:
    if not DOCUMENTED.exists():
        pytest.skip(f"no documented answers in {DOCUMENTED}")
    result = json.loads((DOCUMENTED / "netflows_timeseries_tonga_result.json").read_bytes())
    body = json.dumps({"success": True, "errors": [], "result": {"main": result["tonga_outage"]}}).encode()
    (points,) = POLLED.parse(body, ASKED)
    assert isinstance(points, Points)
    assert points.entity == TONGA.entity
    assert points.time.tolist() == [1642212000, 1642215600, 1642219200]
    assert points.value.tolist() == [0.354105, 0.357287, 0.181811]


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_what_radar_is_not_sure_of_is_unknown(level: int) -> None:
    (damage,) = POLLED.parse(answer(TIMES, ["1", "0.5", "0"], level), ASKED)
    assert isinstance(damage, DecodeError)
    assert f"level {level} of 5" in damage.detail


def test_without_a_series_there_are_no_values() -> None:
    assert [*POLLED.parse(b'{"success": true, "errors": [], "result": {"meta": {}}}', ASKED)] == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "bad-json"),
        (answer(TIMES, ["1", "0.5", "0"])[:60], "bad-json"),
        (answer(TIMES, [1, {}, 0]), "bad-answer"),
        (answer(TIMES, ["1", "much", "0"]), "bad-series"),
        (answer(["yesterday", *TIMES[1:]], ["1", "0.5", "0"]), "bad-series"),
        (answer(TIMES, ["1", "0.5"]), "bad-step"),
        (answer(["2022-10-15T02:01:00Z", *TIMES[1:]], ["1", "0.5", "0"]), "bad-step"),
        (b'{"success": false, "errors": [{"code": 7003, "message": "no route"}]}', "refused"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(DecodeError) as raised:
        list(POLLED.parse(body, ASKED))
    assert raised.value.reason == reason


def test_what_documents_do_not_say_is_read_all_the_same() -> None:
    """Numbers where text is usual, a level with a fraction, null for no errors."""
    (points,) = POLLED.parse(answer(TIMES, [1, 0.5, None], 5.0, errors=None), ASKED)
    assert isinstance(points, Points)
    assert points.value.tolist() == [1.0, 0.5]


def test_a_series_of_another_name_is_said() -> None:
    body = answer(TIMES, ["1", "0.5", "0"]).replace(b'"main"', b'"serie_0"')
    (damage,) = POLLED.parse(body, ASKED)
    assert isinstance(damage, DecodeError)
    assert damage.detail == "it has serie_0 where 'main' was asked for"


def test_the_last_bin_is_taken_once_radar_says_that_it_is_counted() -> None:
    result = {
        "main": {"timestamps": TIMES, "values": ["1", "0.5", "0"]},
        "meta": {"lastUpdated": "2022-10-15T02:45:00.5Z"},
    }
    (points,) = POLLED.parse(answer([], [], result=result), ASKED)
    assert isinstance(points, Points)
    assert len(points.time) == 3


def test_each_place_is_asked_for_by_itself() -> None:
    scope = Scope(("TO",), (Entity("asn", "AS45355", "TO"),))
    country, network = POLLED.asks(1642212000, 1642215600, tuple(POLLED.places(scope)))
    assert (
        country.query | {"location": "TO", "dateStart": "2022-01-15T02:00:00Z", "aggInterval": "15m"} == country.query
    )
    assert (network.query["asn"], "location" in network.query) == ("45355", False)
