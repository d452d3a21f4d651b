"""``netvigil fetch``: a past window becomes a case that can be replayed, and what is missing is said."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DecodeError, UserError
from pipeline.feeds import Item, recordings
from pipeline.feeds.live.base import Clock, FeedError
from pipeline.feeds.live.registry import CLIENTS, Live
from pipeline.ingest.command import Options
from pipeline.ingest.fetching import TABLE, fetch, fetch_rows, window
from pipeline.records import Rows
from tests.ingest.scripted import SPEED, START, Scripted, rows

WINDOW = "2024-02-08T00:00/2024-02-08T06:00"
HOURS = range(START, START + 6 * 3600, 3600)


def by_hour(start: int, end: int) -> Iterator[Item]:
    return (rows(time) for time in HOURS if start <= time < end)


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    client = Scripted("a", [], by_hour)
    monkeypatch.setitem(CLIENTS, "a", Live(lambda scope, access, clock: client, "https://a.example"))
    return client


def test_a_window_becomes_a_case_that_is_read_again(
    feed: Scripted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(Options(("a",)), WINDOW, [], tmp_path / "case") == 0
    assert f"netvigil replay {tmp_path / 'case'}" in capsys.readouterr().err.replace("\n", "")
    (recording,) = recordings([str(tmp_path / "case")])
    found = [item for item in recording.items if isinstance(item, Rows)]
    assert sorted(np.concatenate([batch.time for batch in found]).tolist()) == sorted([*HOURS] * 2)
    assert {entity.name for batch in found for entity in batch.entities} == {"IQ", "PK"}
    with pytest.raises(UserError, match="is there already"):
        fetch(Options(("a",)), WINDOW, [], tmp_path / "case")


def test_it_goes_on_where_it_broke_off_and_gives_up_in_the_end(
    feed: Scripted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(start: int, end: int) -> Iterator[Item]:
        yield rows(start)
        yield DecodeError("a", "bad-json", "request 1")
        if start < START + 3 * 3600:
            yield rows(start + 3600)
        raise FeedError("it answers 500")

    feed.past = breaks
    found = asyncio.run(fetch_rows(feed, START, START + 6 * 3600, Clock(START, SPEED * 100)))
    assert [start for start, _ in feed.asked][:3] == [START, START + 3600, START + 2 * 3600]
    assert found.trouble == "it answers 500"
    assert fetch(Options(("a",), clock=f"{START},{SPEED * 100}"), WINDOW, [], tmp_path / "case") == 1
    said = capsys.readouterr().err
    assert "a: not all of the window: it answers 500" in said
    assert (tmp_path / "case" / TABLE).exists()


@pytest.mark.parametrize("text", ["2024-02-08", "2024-02-09/2024-02-08", "2024-02-08/2024-02-08", "8 Feb/9 Feb"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is not START/END"):
        window(text)


def test_a_feed_without_a_value_of_the_window_says_so(
    feed: Scripted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed.past = lambda start, end: ()
    assert fetch(Options(("a",)), WINDOW, [], tmp_path / "case") == 1
    assert capsys.readouterr().err.splitlines()[-1] == "a: it has no value of the window"


@pytest.mark.parametrize(("feed", "said"), [("rislive", "keeps no past"), ("atlas", "gives events")])
def test_a_stream_is_not_fetched(feed: str, said: str) -> None:
    with pytest.raises(UserError, match=f"'{feed}' {said}"):
        fetch(Options((feed,)), WINDOW, [], None)
