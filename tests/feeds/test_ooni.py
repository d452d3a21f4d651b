"""OONI's tests: what an answer says, and when a blocked service is an outage."""

import json
from itertools import chain
from math import comb
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.codec import iso
from pipeline.engine import Engine
from pipeline.engine import chain as through
from pipeline.errors import DecodeError
from pipeline.feeds import Dispatch
from pipeline.feeds.live.base import Scope
from pipeline.feeds.ooni import LEAST, PANEL, POLLED, asks, parse, places
from pipeline.feeds.polled import Points, Request
from pipeline.records import Entity, Outage, Rows, Run
from tests.lookalikes.ooni import counted

HOUR = 3600
START = 1_704_672_000  # 2024-01-08, a Monday
PAST = 25 * DAY // HOUR  # ordinary hours before the block [bins]
BLOCK = slice(PAST + 14, PAST + 17)


def request(*countries: str, service: str = "whatsapp") -> Request:
    (one,) = asks(START, START + DAY, tuple(places(Scope(countries, services=(service,)))))
    return one


def counts(country: str, hour: int, ok: int, anomaly: int) -> list[dict[str, object]]:
    return counted(country, iso(START + HOUR * hour), ok, anomaly)


def shares(*rows: list[dict[str, object]], country: str = "PK") -> dict[int, float]:
    body = json.dumps({"v": 0, "dimension_count": 2, "result": [*chain(*rows)]}).encode()
    (points,) = (item for item in parse(body, request(country)) if isinstance(item, Points))
    return dict(zip((points.time - START) // HOUR, points.value, strict=True))


def test_a_request_is_for_whole_days_of_one_service_and_the_countries_beside():
    query = request("PK").query
    assert (query["since"], query["until"], query["time_grain"]) == ("2024-01-08", "2024-01-09", "hour")
    assert query["probe_cc"].split(",") == ["PK", *PANEL]
    assert request("PK", service="x.com").query["domain"] == "x.com,twitter.com,www.x.com,www.twitter.com"
    longest = list(asks(START + 1, START + 1 + POLLED.longest, request("PK").places))
    assert {
        np.diff(np.array([r.query["since"], r.query["until"]], "datetime64[D]"))[0].astype(int) for r in longest
    } == {6}


def test_confirmed_and_suspected_tests_are_not_ok_and_broken_ones_do_not_count():
    rows = [
        row | {"ok_count": 2, "anomaly_count": 1, "confirmed_count": 1, "failure_count": 90}
        for row in counts("PK", 3, 24, 0)
    ]
    assert shares(rows) == {3: 0.5}


def test_a_network_counts_as_a_few_tests_however_many_it_runs():
    rows = counts("PK", 3, 20, 0)
    rows[0] |= {"ok_count": 0, "anomaly_count": 50}
    assert shares(rows) == {3: 0.8}


def test_an_hour_of_few_tests_is_not_observed():
    assert shares(counts("PK", 0, 1, 9), counts("PK", 1, 0, LEAST), counts("PK", 2, 0, 0)) == {1: 0.0}


def test_the_least_number_is_that_of_which_half_fails_by_chance_less_than_once_in_ten_years():
    def chance(n: int) -> float:
        return sum(comb(n, k) * 0.05**k * 0.95 ** (n - k) for k in range(-(-n // 2), n + 1))

    hours = 10 * 365.25 * 24
    assert all(chance(n) < 1 / hours for n in range(LEAST, 60))
    assert chance(LEAST - 1) > 1 / hours


def test_a_service_that_fails_in_most_countries_of_the_panel_is_not_observed():
    failing = [counts(country, 0, 10, 40) for country in PANEL[:3]]
    well = [counts(country, 0, 50, 0) for country in PANEL[3:]] + [counts(country, 1, 50, 0) for country in PANEL]
    assert shares(counts("PK", 0, 5, 45), counts("PK", 1, 5, 45), *failing, *well) == {1: 0.1}


@pytest.mark.parametrize(
    "body", [b'{"v": 0, "error": "Choose a shorter time range"}', b"[]", b"<html>", b'{"result": 7}']
)
def test_an_answer_that_is_none_is_refused(body: bytes):
    with pytest.raises(DecodeError):
        list(parse(body, request("PK")))


def test_a_row_that_cannot_be_is_damage_and_the_others_are_used():
    (day,), (negative,) = counts("PK", 0, 1, 0), counts("PK", 1, 1, 0)
    day |= {"measurement_start_day": "2024-01-08"}
    negative |= {"ok_count": -1}
    body = json.dumps({"result": [day, negative, *counts("PK", 2, 50, 0)]}).encode()
    *damage, points = parse(body, request("PK"))
    assert [item.reason for item in damage if isinstance(item, DecodeError)] == ["bad-time", "bad-count"]
    assert isinstance(points, Points)
    assert points.time.tolist() == [START + 2 * HOUR]


def test_a_real_answer_has_the_fields_that_are_read(data: Path):
    content = json.loads((data / "feeds/ooni/ooni_aggregation_india_telegram_daily_per_asn.json").read_bytes())
    rows = [row | {"measurement_start_day": iso(START)} for row in content["result"]]  # it was asked for days
    (share,) = shares(rows, country="IN").values()
    assert 0 < share < 1


def outages(tests: int, services: dict[str, np.ndarray], seed: int = 1) -> list[Outage]:
    """What the engine confirms where so many tests an hour are ok with these chances, by ``PK:service``."""
    rng = np.random.default_rng(seed)
    frames: list[Rows] = []
    for name, chance in services.items():
        number = rng.binomial(1, tests / 24, len(chance)) if tests < LEAST else np.full(len(chance), tests)
        ok = rng.binomial(number, chance)
        country, service = name.split(":")
        rows = [counts(country, i, int(k), int(n - k)) for i, (k, n) in enumerate(zip(ok, number, strict=True))]
        body = json.dumps({"result": [*chain(*rows)]}).encode()
        (points,) = (p for p in parse(body, request(country, service=service)) if isinstance(p, Points))
        head = (Run(), "ooni", 0, "ooni.tests", HOUR, (), 0, (Entity("service", name, country),))
        frames.append(Rows(*head, points.time, np.zeros(len(points.time), np.int32), points.value))
    run = Run("r", "replay", ("ooni.tests",))
    dispatch = Dispatch(run, "ooni", ("ooni.tests",))
    told = {o.id: o for o in through(dispatch.frames(frames), Engine()) if isinstance(o, Outage)}  # type: ignore[arg-type]
    return [o for o in told.values() if o.confirmed_at is not None and o.state != "retracted"]


def ordinary(seed: int) -> np.ndarray:
    """The chance of an ok test in each hour of ordinary weeks, 0.95 to 1."""
    return np.random.default_rng(seed).uniform(0.95, 1.0, PAST + DAY // HOUR)


def blocked(seed: int) -> np.ndarray:
    chance = ordinary(seed)
    chance[BLOCK] = 0.1
    return chance


@pytest.mark.parametrize("seed", range(4))
def test_nine_of_ten_tests_for_three_hours_are_a_platform_outage_where_there_are_fifty_an_hour(seed: int):
    (found,) = outages(50, {"PK:whatsapp": blocked(seed), "PK:signal": ordinary(seed + 9)}, seed)
    assert (found.entity_type, found.entity, found.kind) == ("service", "PK:whatsapp", "platform")
    assert abs(found.start - (START + HOUR * BLOCK.start)) <= HOUR
    assert found.end is not None
    assert abs(found.end - (START + HOUR * BLOCK.stop)) <= HOUR
    assert found.confirmed_at is not None
    assert found.confirmed_at <= START + HOUR * BLOCK.stop


@pytest.mark.parametrize("seed", range(2))
def test_nine_of_ten_tests_are_none_where_there_are_ten_a_day(seed: int):
    chance = np.where(np.arange(len(ordinary(0))) >= PAST, 0.1, ordinary(seed))
    assert outages(10, {"PK:whatsapp": chance}, seed) == []


@pytest.mark.parametrize("seed", range(3))
def test_ordinary_weeks_have_no_outage(seed: int):
    assert outages(50, {"PK:whatsapp": ordinary(seed), "PK:x.com": ordinary(seed + 9)}, seed) == []
    assert outages(15, {"PK:whatsapp": ordinary(seed)}, seed) == []
