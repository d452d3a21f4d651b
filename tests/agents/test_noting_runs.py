"""Of replays and drills the newest is shown; what is left of the one before goes."""

from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from pipeline.agents import metrics as module
from pipeline.agents.liveness import Liveness
from pipeline.agents.metrics import LINGER, WorkerMetrics
from pipeline.fusion import FuseStage
from pipeline.kafka.reader import HEADER, origin
from pipeline.records import DEAD, END, Entity, Heartbeat, Outage, Rows, Run
from pipeline.serve.metrics import Metrics
from pipeline.settings import Fusing
from pipeline.signals.binning import Late
from tests.judge.verdicts import verdicts

LABELS = {"entity_type": "country", "entity": "PK", "kind": "mobile", "tense": "replay"}


def outage(revision: int = 1, tense: str = "replay") -> Outage:
    return Outage("id", "country", "PK", "confirmed", "mobile", tense, 600, None, 900, 1200, 0.9, 0.8, (), revision)


def frame(run: str, tense: str = "replay") -> Heartbeat:
    return Heartbeat(Run(run, tense), "table", 0, 1200)


class Board:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.noting = WorkerMetrics(Metrics.on(self.registry, tense="live"))

    def shown(self) -> int:
        return sum(len(m.samples) for m in self.registry.collect() if m.name == "netvigil_outage_active")

    def open(self, tense: str = "replay") -> float | None:
        return self.registry.get_sample_value("netvigil_outage_active", LABELS | {"tense": tense})


def test_a_new_replay_takes_the_open_outages_of_the_one_before_away() -> None:
    board = Board()
    board.noting.note(frame("first"), outage())
    assert board.open() == 1
    board.noting.note(frame("second"), None)
    assert board.open() is None


def test_the_same_outage_is_shown_anew_by_the_next_replay() -> None:
    board = Board()
    for run in ("first", "second"):
        board.noting.note(frame(run), None)
        board.noting.note(frame(run), outage())
        assert board.open() == 1


def test_what_an_earlier_replay_still_leads_to_is_not_shown() -> None:
    board = Board()
    for run in ("first", "second", "first"):
        board.noting.note(frame(run), None)
    board.noting.note(frame("first"), outage())
    assert board.open() is None


def test_a_replay_takes_nothing_away_from_what_is_live() -> None:
    board = Board()
    board.noting.note(frame("live", "live"), outage(tense="live"))
    for run in ("first", "second"):
        board.noting.note(frame(run), None)
    assert board.open("live") == 1


def test_a_replay_that_was_killed_is_shown_no_longer_than_one_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    board, clock = Board(), [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])  # type: ignore[attr-defined]
    board.noting.liveness = Liveness(silence=900)
    board.noting.note(frame("killed"), outage())
    clock[0] += 600
    board.noting.note(frame("killed"), None)
    for _ in range(2):  # that its feed is dead is no sign of life
        clock[0] += 450
        board.noting.note(replace(frame("killed"), status=DEAD), None)
    board.noting.tidy(1600.0 + 900 + LINGER - 1)
    assert board.open() == 1
    board.noting.tidy(1600.0 + 900 + LINGER)
    assert board.open() is None


def restarted(board: Board, run: str, tense: str = "replay") -> None:
    """A worker that begins with a snapshot in which that run has an open outage."""
    before, after = FuseStage(0, Fusing()), FuseStage(0, Fusing())
    before.step(verdicts("probing.ioda", "....LLLL", run=Run(run, tense, ("probing.ioda",))))
    after.load(before.save())
    board.noting.resume(after)


@pytest.mark.parametrize("tense", ["replay", "drill"])
def test_a_run_is_shown_after_a_restart_once_something_of_it_comes(tense: str) -> None:
    board = Board()
    restarted(board, "killed", tense)
    for status in (DEAD, END):  # the worker's own words: it was left
        board.noting.note(replace(frame("killed", tense), status=status), None)
    assert board.shown() == 0
    board.noting.note(frame("killed", tense), None)
    assert board.shown() == 1


def test_a_newer_replay_does_not_bring_back_what_was_killed_before_a_restart() -> None:
    board = Board()
    restarted(board, "killed")
    board.noting.note(frame("newer"), None)
    assert board.shown() == 0


def test_what_is_live_is_shown_after_a_restart_at_once() -> None:
    board = Board()
    restarted(board, "live", "live")
    assert board.shown() == 1


def test_a_rebalance_brings_back_what_is_shown_and_nothing_that_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    monkeypatch.setattr(module.time, "monotonic", lambda: 1000.0)  # type: ignore[attr-defined]
    board.noting.liveness = Liveness(silence=900)
    board.noting.note(frame("run"), None)
    for later, shown in ((0.0, 1), (900.0 + LINGER, 0)):
        board.noting.tidy(1000.0 + later)
        board.noting.forget()
        restarted(board, "run")
        assert board.shown() == shown


def test_letters_are_counted_whoever_wrote_them() -> None:
    board = Board()
    board.noting.letter(b'{"run":"","feed":"mrt","reason":"truncated-record","place":"byte 5"}')
    board.noting.letter(b"rubbish")
    count = board.registry.get_sample_value
    assert count("netvigil_dead_letters_total", {"feed": "mrt", "reason": "truncated-record"}) == 1
    assert count("netvigil_dead_letters_total", {"feed": "path", "reason": "bad-letter"}) == 1


def test_what_found_no_room_is_not_counted_as_late() -> None:
    board = Board()
    at, run = np.zeros(5, np.int64), Run("live", "live")
    rows = Rows(run, "table", 0, "bgp.ris", 300, (), 0, (Entity("country", "PK"),), at, at.astype(np.int32), at * 1.0)
    board.noting.note(rows, Late(rows, crowded=2))
    count = board.registry.get_sample_value
    assert count("netvigil_late_records_total", {"feed": "table"}) == 3
    assert count("netvigil_dead_letters_total", {"feed": "table", "reason": "no-room"}) == 2


def test_a_letter_that_a_stage_says_again_after_a_restart_is_counted_once() -> None:
    board = Board()
    for offset in (7, 8, 7, 8):
        headers = {HEADER: origin("bin-mrt", 0, offset, 0)}
        board.noting.letter(b'{"run":"","feed":"mrt","reason":"bad-frame","place":"netvigil.feed.mrt/0/7"}', headers)
    labels = {"feed": "mrt", "reason": "bad-frame"}
    assert board.registry.get_sample_value("netvigil_dead_letters_total", labels) == 2
