"""Every polled feed against a look-alike of its publisher, as it is and when it changes."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import NEVER
from pipeline.feeds import ioda, radar
from pipeline.feeds.live.base import Scope
from pipeline.feeds.polled import Polled
from pipeline.feeds.registry import POLLED
from pipeline.records import DEAD, PAST, UP, Rows
from tests.feeds.live.polling import DAY, HOUR, PK, START, UG, ZONG, Story, given
from tests.lookalikes.radar import TOKEN

pytestmark = pytest.mark.sockets

EVERY = pytest.mark.parametrize("polled", POLLED.values(), ids=POLLED)
PROBING, RADAR = ioda.POLLED[1], radar.POLLED
SLOT = PROBING.width


def changed(rows: Rows, at: np.ndarray, value: float) -> Rows:
    return replace(rows, value=np.where(at, value, rows.value))


@EVERY
def test_a_feed_gives_its_past_and_then_each_bin_once_it_is_published(polled: Polled) -> None:
    rows = given(polled, START - 5 * DAY, START + DAY)
    story = Story(polled, rows, START, START + 6 * HOUR, past=4 * DAY).told()
    values = story.values()
    assert story.desk.read == len(values)
    assert story.sink.told(polled.name) == [(PAST, ""), (UP, "")]
    newest = max(time for _, time in values) + polled.width
    assert START + 6 * HOUR - story.delay - 2 * polled.width - polled.period < newest <= story.clock.now() - story.delay
    for name in {name for name, _ in values}:
        times = sorted(time for known, time in values if known == name)
        assert times == list(range(START - 4 * DAY, times[-1] + 1, polled.width))
    assert max(b.time for b in story.sink.beats(polled.name)) == newest - polled.grace


@EVERY
def test_a_heartbeat_comes_at_least_once_a_minute_and_time_never_goes_back(polled: Polled) -> None:
    story = Story(polled, given(polled, START - 2 * DAY, START + DAY), START, START + 2 * HOUR).told()
    assert np.diff([now for now, _ in story.beaten]).max() <= 60
    times = [beat.time for beat in story.sink.beats(polled.name)]
    assert times == sorted(times)


def test_bins_of_the_time_in_which_a_laptop_was_suspended_come_after_it_and_a_step_back_of_the_clock_is_nothing() -> (
    None
):
    rows = given(PROBING, START - 2 * DAY, START + DAY, (PK,))
    story = Story(PROBING, rows, START, START + 12 * HOUR, past=DAY)
    jumps = [(START + HOUR, 8 * HOUR), (START + 10 * HOUR, -1)]

    def jump() -> None:
        if jumps and story.clock.now() > jumps[0][0]:
            object.__setattr__(story.clock, "begun", story.clock.now() + jumps.pop(0)[1])

    story.clock.before.append(jump)
    story.told()
    times = sorted(time for _, time in story.values())
    assert times == list(range(START - DAY, times[-1] + 1, SLOT))
    assert times[-1] > START + 12 * HOUR - story.delay - 3 * SLOT
    assert story.sink.told(PROBING.name)[-1] == (UP, "")
    assert not story.failures


def test_a_value_that_is_revised_is_sent_again_and_no_other() -> None:
    rows = given(PROBING, START - DAY, START + DAY, (PK,))
    story = Story(PROBING, rows, START, START + 2 * HOUR)
    revised = START - 4 * HOUR

    def revise(now: float) -> str:
        if now > START + HOUR:
            story.publisher.rows = {PROBING.signal: changed(rows, rows.time == revised, 7.0)}
        return ""

    story.fault = revise
    story.told()
    assert story.values()["PK", revised] == 7.0
    assert story.desk.read == len(story.values()) + 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_place_that_catches_up_after_a_restart_has_all_its_bins(kept: bool, tmp_path: Path) -> None:
    whole = given(PROBING, START - 4 * DAY, START + DAY, (PK, UG))
    behind = whole.take((whole.entity == 0) | (whole.time < START - 3 * HOUR))
    cache = tmp_path if kept else None
    first = Story(PROBING, behind, START, START + HOUR, past=2 * DAY, cache=cache).told()
    again = Story(PROBING, whole, START + HOUR, START + 2 * HOUR, past=HOUR, cache=cache).told()
    found = sorted(time for name, time in first.values() | again.values() if name == "UG")
    assert found == list(range(START - 2 * DAY, found[-1] + 1, SLOT))
    assert found[-1] > START
    if kept:  # nothing is sent twice but the hour that was asked for anew
        assert again.desk.read - len(again.values().keys() - first.values().keys()) <= 2 * HOUR // SLOT


def test_a_window_of_long_ago_is_asked_for() -> None:
    old = START - 900 * DAY
    story = Story(PROBING, given(PROBING, old, old + DAY, (PK,)), START, START + 60, past=900 * DAY)
    story.told()
    assert sum(len(item) for item in story.history if isinstance(item, Rows)) == DAY // SLOT


def test_a_null_is_no_row_and_zero_is_one() -> None:
    rows = given(PROBING, START - DAY, START + DAY, (PK,))
    hours = (rows.time - START) // HOUR
    rows = changed(changed(rows, hours == -3, np.nan), hours == -5, 0.0)
    values = Story(PROBING, rows, START, START + HOUR).told().values()
    assert not any(("PK", time) in values for time in range(START - 3 * HOUR, START - 2 * HOUR, SLOT))
    assert [values["PK", time] for time in range(START - 5 * HOUR, START - 4 * HOUR, SLOT)] == [0.0] * 6


def test_a_bin_that_is_not_over_is_no_value_yet_and_one_of_the_future_is_damage() -> None:
    early = replace(PROBING, asks=lambda start, end, places: PROBING.asks(start, end + HOUR, places))
    story = Story(early, given(PROBING, START - DAY, START + DAY, (PK,)), START, START + 2 * HOUR, delay=-HOUR).told()
    assert max(time for _, time in story.values()) <= START + 2 * HOUR - SLOT
    assert {letter.reason for letter in story.sink.letters(PROBING.name)} == {"time-ahead"}


def test_what_has_not_changed_is_not_sent_by_the_publisher() -> None:
    story = Story(replace(PROBING, period=60), given(PROBING, START - DAY, START + DAY), START, START + HOUR).told()
    assert story.publisher.unchanged > len(story.publisher.asked) / 2
    assert story.sink.told(PROBING.name) == [(UP, "")]


def test_what_was_missed_is_asked_for_again() -> None:
    story = Story(PROBING, given(PROBING, START - DAY, START + 2 * DAY, (PK,)), START, START + 30 * HOUR)
    story.fault = lambda now: "500" if START + HOUR < now < START + 27 * HOUR else ""
    times = sorted(time for _, time in story.told().values())
    assert np.diff(times).tolist() == [SLOT] * (len(times) - 1)
    assert times[-1] > START + 29 * HOUR
    assert story.sink.told(PROBING.name) == [(UP, ""), (DEAD, "127.0.0.1 answers 500"), (UP, "")]


def test_a_publisher_that_wants_to_be_left_alone_is() -> None:
    story = Story(PROBING, given(PROBING, START - DAY, START + DAY, (PK,)), START, START + HOUR)
    story.fault = lambda now: "429"
    story.told()
    assert len(story.publisher.asked) == HOUR // 600
    assert set(story.failures) == {"127.0.0.1 answers 429: too many requests"}


def test_an_answer_that_is_too_large_is_not_read() -> None:
    story = Story(PROBING, given(PROBING, START - DAY, START + DAY), START, START + HOUR, largest=1000).told()
    assert set(story.failures) == {"an answer of 127.0.0.1 has more than 1,000 bytes"}
    assert story.desk.read == 0


def test_a_refusal_is_said_in_the_words_of_the_publisher() -> None:
    """IODA does not answer for a hundred days at once."""
    greedy = replace(PROBING, longest=200 * DAY, reread=150 * DAY, keep=200 * DAY)
    story = Story(greedy, given(PROBING, START - DAY, START, (PK,)), START, START + HOUR).told()
    assert set(story.failures) == {"127.0.0.1 answers 400: the time is too long"}


def test_a_token_is_sent_and_nowhere_said() -> None:
    rows = given(RADAR, START - DAY, START + DAY, (PK,))
    right = Story(RADAR, rows, START, START + HOUR).told()
    assert set(right.publisher.tokens) == {f"Bearer {TOKEN}"}
    assert not any(TOKEN in asked for asked in right.publisher.asked)
    wrong = Story(RADAR, rows, START, START + HOUR, token="another").told()
    assert set(wrong.failures) == {"127.0.0.1 answers 403: it refuses the token"}


def test_without_a_publisher_the_feed_says_so() -> None:
    story = Story(PROBING, given(PROBING, START - DAY, START), START, START + HOUR, port=9).told()
    assert set(story.failures) == {"127.0.0.1 is not reached: Connection refused"}
    assert {(beat.time, beat.status) for beat in story.sink.beats(PROBING.name)} == {(NEVER, DEAD)}


def test_values_of_radar_stay_on_one_scale_from_answer_to_answer_and_from_process_to_process(tmp_path: Path) -> None:
    """A blackout of two days, and after it more traffic than there has ever been."""
    rows = given(RADAR, START - 20 * DAY, START + 6 * DAY, (PK, ZONG))
    rows = changed(rows, (rows.time >= START) & (rows.time < START + 2 * DAY), 0.0)
    rows = replace(rows, value=rows.value * np.where(rows.time > START + 3 * DAY, 3.0, 1.0))
    scope, cache = Scope(("PK",), (ZONG,)), tmp_path / "cache"
    first = Story(RADAR, rows, START - DAY, START + HOUR, past=18 * DAY, scope=scope, cache=cache).told()
    later = Story(RADAR, rows, START + 2 * HOUR, START + 4 * DAY, scope=scope, cache=cache, stride=12).told()
    sent = first.values() | later.values()
    assert sent["PK", START + DAY] == 0.0
    for number, entity in enumerate(rows.entities):
        times, values = (column[rows.entity == number].tolist() for column in (rows.time, rows.value))
        both = [(sent.get((entity.name, time), 0.0), value) for time, value in zip(times, values, strict=True)]
        ratios = [given / true for given, true in both if given and true]
        assert len(ratios) > 20 * DAY // RADAR.width * 0.9
        assert max(ratios) / min(ratios) < 1.02


FILE = '''
"""Buoys: how many answer, by country."""
import msgspec
import numpy as np
from pipeline.feeds.polled import Points, Polled, Request, countries

def asks(start, end, places):
    for place in places:
        yield Request("/buoys", {"country": place.code, "from": str(start), "to": str(end)}, start, end, (place,))

def parse(body, request):
    rows = msgspec.json.decode(body)
    yield Points(request.places[0].entity, np.array([r[0] for r in rows]), np.array([r[1] for r in rows], float))

POLLED = Polled(
    "buoys", "probing.buoys", "https://buoys.example.org", 600, period=600, patience=7200, reread=3600,
    longest=86400, pace=1.0, asks=asks, parse=parse, places=countries,
)
'''

PROGRAM = """
import asyncio, json
from aiohttp import web
from pipeline import topics
from pipeline.engine import Engine
from pipeline.feeds import FEEDS, Dispatch
from pipeline.feeds.live.base import Access, Clock, Scope
from pipeline.feeds.live.registry import CLIENTS
from pipeline.records import Bins, Run

async def buoys(request):
    start, end = int(request.query["from"]), int(request.query["to"])
    return web.json_response([[time, 7] for time in range(start, end, 600)])

async def main():
    app = web.Application()
    app.router.add_get("/buoys", buoys)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = "http://127.0.0.1:%d" % runner.addresses[0][1]
    client = CLIENTS["buoys"].make(Scope(("PK",)), Access(url), Clock(1707350400.0, 1000.0))
    items = [item async for item in client.history(1707350400 - 7200, 1707350400)]
    await runner.cleanup()
    feed, stages = FEEDS["buoys"], [Engine().bin("buoys", partition) for partition in range(4)]
    frames = Dispatch(Run("r", "live", feed.signals), feed.name, feed.signals).frames(items)
    bins = [made for frame in frames for made in stages[frame.partition].step(frame) if isinstance(made, Bins)]
    print(json.dumps([topics.feed("buoys").name, [v for b in bins for v in b.value.ravel()]]))

asyncio.run(main())
"""


def test_a_new_polled_feed_is_one_file_and_one_line(tmp_path: Path) -> None:
    for package in ("pipeline", "detectors"):
        shutil.copytree(package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "pipeline/feeds/buoys.py").write_text(FILE)
    registry = tmp_path / "pipeline/feeds/registry.py"
    before = registry.read_text()
    after = before.replace(" ioda,", " buoys, ioda,").replace("(*ioda.", "(buoys.POLLED, *ioda.")
    assert after.count("buoys") == before.count("buoys") + 2
    registry.write_text(after)
    run = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert json.loads(run.stdout or "[]") == ["netvigil.feed.buoys", [7.0] * 12], run.stderr
