"""The whole watch: look-alikes of the feeds play the reconstructed election day, with the month before as the past."""

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import dropwhile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.codec import seconds
from pipeline.feeds.live.base import Clock
from pipeline.feeds.live.registry import CLIENTS
from pipeline.geo.places import Places, save
from pipeline.records import Entity, Rows, Run
from pipeline.replay.reconstruction import reconstruct
from tests.lookalikes import PUBLISHERS, every_route, radar, restored
from tests.lookalikes.http import Publisher
from tests.lookalikes.routes import quiet_routes
from tests.watch.receivers import hook, mail

pytestmark = [pytest.mark.sockets, pytest.mark.slow]

NOWHERE = "127.0.0.1:9"
SPEED = 60.0
MORNING = seconds("2024-02-08T01:20:00Z")
END = seconds("2024-02-08T14:00:00Z")
"""Before then the phones do not come back by themselves."""

WATCH = """
[[watch]]
country = "PK"
name = "General election"
start = 2024-02-08T08:00:00
end = 2024-02-08T17:00:00
zone = "Asia/Karachi"
day = "election"
networks = ["AS59257", "AS45669", "AS24499", "AS17557"]
services = ["whatsapp"]
"""
MOBILE = ("AS59257", "AS45669", "AS24499")
ORIGINS = {f"10.{i}.0.0/16": (59257, 45669, 24499, 17557)[i % 4] for i in range(32)}
"""Pakistan's prefixes and who announces them."""
ROUTES = {"PK": 8192} | dict.fromkeys([*MOBILE, "AS17557"], 2048)
"""Their address space [/24]."""


class ElectionDay:
    """Publishers that play the reconstructed day, from a little before the phones are cut off.

    OONI sees no block, and RIS Live no change of routes.
    """

    def __init__(self) -> None:
        rows = {one.signal: one for one in reconstruct(0).rows}
        routes, hours = rows.pop("bgp.ris"), np.arange(MORNING - 28 * DAY, MORNING + DAY, 3600) // 3600 * 3600
        rows["bgp.ioda"] = dataclasses.replace(routes, signal="bgp.ioda")
        pakistan, first = (Entity("country", "PK", "PK"),), np.zeros(len(hours), np.int32)
        share = np.random.default_rng(1).binomial(50, 0.98, len(hours)) / 50
        rows["ooni.tests"] = Rows(Run(), "ooni", 0, "ooni.tests", 3600, (), 0, pakistan, hours, first, share)
        self.clock = Clock(MORNING, SPEED)
        self.publisher = Publisher(rows, self.clock.now, routes=every_route)
        self.urls: dict[str, str] = {}
        self.ready, self.over = threading.Event(), asyncio.Event()

    def restore(self) -> None:
        """From now on all is as a week before: the phones of the day itself are off for thirteen hours."""
        now = self.clock.now()
        assert now < END, "this machine is too slow for the day"
        self.publisher.rows = {signal: restored(rows, now) for signal, rows in self.publisher.rows.items()}

    @contextmanager
    def served(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=(self._serve(),))
        thread.start()
        try:
            assert self.ready.wait(10)
            yield
        finally:
            loop.call_soon_threadsafe(self.over.set)
            thread.join()
            loop.close()

    async def _serve(self) -> None:
        async with self.publisher.running() as url, quiet_routes(ORIGINS, self.clock) as routes:
            bases = {feed: PUBLISHERS.get(feed.partition("-")[0]) for feed in CLIENTS}
            self.urls = {feed: url + known[0] for feed, known in bases.items() if known} | routes
            self.ready.set()
            await self.over.wait()


class Watching:
    """A watch in a process of its own, its lines and its page."""

    def __init__(self, folder: Path, what: str, urls: dict[str, str], *more: str) -> None:
        scheme = {"rislive": "ws"}
        given = {feed: f"{scheme.get(feed, 'http')}://{NOWHERE}" for feed in CLIENTS} | urls
        words = [word for feed, url in given.items() for word in ("--url", f"{feed}={url}")]
        save(Places.of([("10.0.0.0/9", "PK")]), folder / "netvigil" / "places")
        command = ["watch", what, "--port", "0", "--state", str(folder / "state"), *words, *more]
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", *command], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XDG_CACHE_HOME": str(folder)},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
        )  # fmt: skip
        self.lines: list[str] = []
        self.reading = threading.Thread(target=self._read)
        self.reading.start()
        self.page = self.said("The page: ", 20).removeprefix("The page: ").strip()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def said(self, words: str, patience: float) -> str:
        """The first line with these words."""
        return self.until(lambda: next((line for line in self.lines if words in line), ""), words, patience)

    def until(self, look: Callable[[], Any], what: str, patience: float) -> Any:
        deadline = time.monotonic() + patience
        while not (found := look()):
            assert self.process.poll() is None, "".join(self.lines)
            assert time.monotonic() < deadline, f"no {what!r} after {patience} s in\n{''.join(self.lines)}"
            time.sleep(0.2)
        return found

    def asked(self, path: str) -> Any:
        with urllib.request.urlopen(self.page + path, timeout=10) as answer:
            content = answer.read().decode()
        return json.loads(content) if path.startswith("/api") else content

    def after(self, state: str) -> list[str]:
        """What was said of Pakistan from a state on."""
        said = [line.partition("Pakistan: ")[2] for line in self.lines if "Pakistan: " in line]
        return list(dropwhile(lambda words: not words.startswith(state), said))

    def stopped(self) -> float:
        """Stop it as Ctrl-C does; how long that took [s]."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(20) == 130, "".join(self.lines)
        self.reading.join()
        return time.monotonic() - begun

    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.reading.join()
        self.process.stdout.close()  # type: ignore[union-attr]


def test_an_election_day_is_called_out_and_its_end_is_said(tmp_path: Path) -> None:
    with hook() as (url, desk), mail() as (address, box):
        election_day(tmp_path, [url, address])
        texts = [f"{post['title']}\n{post['message']}" for post in desk.posts]
        assert [mail["Subject"] for mail in box.mails] == [post["title"] for post in desk.posts]
    of_outage = [text for text in texts if not text.startswith("We ")]  # a start of 15 s is 15 minutes unseen here
    first, *more, over = of_outage
    assert "\nSince Thu 8 Feb 2024, 06:" in first
    assert [first, *more][-1].partition(": ")[2].startswith("mobile networks down\n")
    assert all(text.startswith("Pakistan, more: ") for text in more)
    assert len(more) <= 3, "what grows is told once it has, not each time"
    assert over.startswith("Pakistan: over after ")


def election_day(tmp_path: Path, notified: list[str]) -> None:
    day = ElectionDay()
    (tmp_path / "token").write_text(radar.TOKEN)
    (tmp_path / "receivers").write_text("\n".join(notified))
    (tmp_path / "watch.toml").write_text(WATCH)

    def watching() -> Watching:
        more = "--clock", f"{day.clock.now()},{SPEED:g}", "--token", f"radar={tmp_path / 'token'}"
        more += "--notify", str(tmp_path / "receivers")
        return Watching(tmp_path, str(tmp_path / "watch.toml"), day.urls, *more)

    with day.served():
        with watching() as watch:
            watch.said("Pakistan: up", 120)
            watch.said("Pakistan: out: mobile networks down", 120)
            for network in MOBILE:
                watch.said(f"{network}: out: mobile networks down", 60)
            assert "out: mobile networks down" in watch.asked("/")
            day.publisher.faults["radar"] = "killed"
            watch.said("feed radar: dead", 60)
            begun = confirmed(watch)
            assert set(begun) == {"PK", *MOBILE}
            watch.until(lambda: services(watch) == [("PK:whatsapp", "normal")], "tests of services", 30)
            watch.until(lambda: routes(watch) == set(ROUTES.items()), "all routes", 20)
            assert (tmp_path / "state" / "snapshots" / "fuse-0").exists()  # not in the broker's memory
            assert not [words for words in watch.after("out") if words.startswith("up")]
            day.publisher.faults.clear()
            assert watch.stopped() < 10
        with watching() as watch:
            watch.said("Pakistan: out: mobile networks down", 120)
            assert all(words.startswith(("cannot see", "reading the past", "out: ")) for words in watch.after(""))
            watch.until(lambda: set(confirmed(watch)) == set(begun), "the same outages", 30)
            assert confirmed(watch) == begun
            assert not [words for words in watch.after("out") if words.startswith("up")]
            day.restore()
            watch.said("Pakistan: up, restored", 120)
            assert routes(watch) == set(ROUTES.items())
            said = [words for words in watch.after("out") if words.startswith("up")]
            assert all(words.startswith(("up, restored", "up, but low: ")) for words in said), said
            assert sum(words.startswith("up, restored") for words in said) == 1, said
            assert watch.stopped() < 10


def confirmed(watch: Watching) -> dict[str, str]:
    """The ids of the outages that are confirmed now, by their places."""
    found = watch.asked("/api/outages?state=open")
    return {one["entity"]: one["id"] for one in found if one["state"] == "confirmed"}


def services(watch: Watching) -> list[tuple[str, str]]:
    """The services that OONI tests, and their states now."""
    found = watch.asked("/api/signals?entity_type=service")
    return [(one["entity"], one["state"]) for one in found if one["signal"] == "ooni.tests"]


def routes(watch: Watching) -> set[tuple[str, float]]:
    """Address space of the country and its networks that RIS Live sees now [/24]."""
    signals = watch.asked("/api/signals")
    return {(one["entity"], one["value"]) for one in signals if one["signal"] == "bgp.ris"}


def test_without_any_network_each_feed_says_so_and_the_country_is_neither_up_nor_out(tmp_path: Path) -> None:
    fast = "--clock", f"{MORNING},{SPEED:g}"
    with hook() as (url, desk), Watching(tmp_path, "PK", {}, "--notify", url, *fast) as watch:
        for feed in CLIENTS:
            watch.said(f"feed {feed}: dead: ", 60)
        (pakistan,) = {line.partition("Pakistan: ")[2] for line in watch.lines if "Pakistan: " in line}
        assert pakistan == "cannot see\n"
        assert [one["status"] for one in watch.asked("/api/health")["feeds"]] == ["dead"] * len(CLIENTS)
        watch.until(lambda: desk.posts, "a message", 60)
        time.sleep(5)
        (post,) = desk.posts
        assert post["title"] == "We cannot see Pakistan"
        assert watch.stopped() < 10
