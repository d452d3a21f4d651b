"""Recorded resets of sessions through the whole path: no outage; without the reset rule there is one."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import pipeline.signals
from pipeline.engine import Engine, chain
from pipeline.feeds import Recording
from pipeline.records import OTHER, Elements, Heartbeat, Outage, Peer, Rows, Run
from pipeline.replay.playback import Playback
from pipeline.settings import Counting, Settings
from tests.signals.synthetic_bgp import table_dump
from tests.signals.test_resets import OTHERS, PLACES, recorded, rules, table

BIN, HOUR = 300, 3600
QUIET = 6 * HOUR
"""Event time before the reset: routes are judged after an hour."""


@pytest.fixture(autouse=True)
def _places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: PLACES)


def silence(time: int, peer: Peer) -> Elements:
    """A keepalive, so that the recording goes on until then."""
    dump = table_dump(time, (peer,), np.array([0], np.uint64), np.array([0]), np.array([0]))
    return dataclasses.replace(dump, kind=np.array([OTHER], np.uint8), family=np.array([0], np.uint8))


def overlaid(batches: list[Elements], sessions: tuple[Peer, ...]) -> Iterator[Elements]:
    """A table of eleven peers, six quiet hours, what was recorded, and six more hours."""
    prefixes, begin = table(batches), int(batches[0].time[0]) - QUIET
    yield table_dump(begin, sessions, *(column[::2] for column in prefixes))
    yield table_dump(begin, sessions[5:], *(column[1::2] for column in prefixes))
    yield from batches
    yield silence(int(batches[-1].time[-1]) + 6 * HOUR, sessions[0])


def outages(batches: list[Elements], sessions: tuple[Peer, ...], counting: Counting) -> list[Outage]:
    """Every revision of every outage, suspected ones too."""
    signals = ("bgp.mrt", "bgp.mrt6")
    recording = Recording("mrt", signals, overlaid(batches, sessions))
    frames = Playback([recording], Run("r", "replay", signals))
    told = chain((f for f in frames if isinstance(f, Elements | Rows | Heartbeat)), Engine(Settings(counting)))
    return [output for output in told if isinstance(output, Outage)]


def test_sessions_that_flap_and_do_not_come_back_are_no_outage(data: Path) -> None:
    batches = recorded(data / "feeds/mrt/bgpkit-parser/updates.20100227.1600.gz")
    gone = [Peer(50055, "213.163.8.205"), Peer(6140, "200.219.130.18")]
    sessions = (gone[0], *OTHERS[:9], gone[1])
    assert outages(batches, sessions, rules(min_peers=9)) == []
    assert outages(batches, sessions, rules(min_peers=9, reset_rule=False)) != []
