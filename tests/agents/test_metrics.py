"""What a worker shows: live outages always, of replays and drills the newest run; what is repeated counts once."""

from datetime import datetime

import msgspec
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from pipeline.agents.heartbeats import LINGER, Liveness
from pipeline.agents.host import Host
from pipeline.agents.metrics import WorkerMetrics
from pipeline.agents.snapshots import Snapshots
from pipeline.bins import DAY
from pipeline.fusion import Arrived, Fused, FuseStage, Missed, Provisional
from pipeline.kafka.reader import HEADER, origin
from pipeline.records import DEAD, END, UP, Entity, Frame, Heartbeat, Outage, Progress, Rows, Run, Verdicts
from pipeline.serve.metrics import Metrics
from pipeline.settings.watching import Watch
from pipeline.signals.binning import BinStage, Late
from pipeline.signals.series import Series
from tests.agents.hosts import Changelog, Event, played, table
from tests.judge.verdicts import verdicts

NOW = 1707357600
LIVE = Run("live", "live", ("bgp.ris",))
UP_GAUGE = ("netvigil_feed_up", {"feed": "table"})
WHY_GAUGE = ("netvigil_feed_dead_info", {"feed": "table", "reason": "it needs a token"})


class Board:
    """The metrics of a worker, and a clock."""

    def __init__(self, tense: str = "live") -> None:
        self.registry, self.now = CollectorRegistry(), 1000.0
        self.metrics = WorkerMetrics(Metrics.on(self.registry, tense=tense), clock=lambda: self.now)
        self.note, self.value = self.metrics.note, self.registry.get_sample_value

    def open(self, tense: str = "replay") -> float | None:
        labels = {"entity_type": "country", "entity": "PK", "kind": "mobile", "tense": tense}
        return self.value("netvigil_outage_active", labels)

    def shown(self) -> int:
        return sum(len(m.samples) for m in self.registry.collect() if m.name == "netvigil_outage_active")

    def counted(self, name: str, **labels: str) -> float | None:
        return self.value(f"netvigil_{name}_total", labels)

    def restarted(self, run: str, tense: str = "replay") -> None:
        """A fuse stage with an open outage of that run comes from its snapshot."""
        before, after = FuseStage(0), FuseStage(0)
        before.step(verdicts("probing.ioda", "....LLLL", run=Run(run, tense, ("probing.ioda",))))
        after.load(before.save())
        self.metrics.resume(after)

    def fuse(self, stage: FuseStage, frame: Verdicts) -> None:
        self.note(frame, None)
        for output in stage.step(frame):
            self.note(frame, output)


def beat(run: str, tense: str = "replay", status: str = UP, partition: int = 0) -> Heartbeat:
    reason = "it needs a token" if status == DEAD else ""
    return Heartbeat(Run(run, tense, ("bgp.ris",)), "table", partition, NOW, status, ("bgp.ris",), reason=reason)


def settled(tense: str = "replay") -> Outage:
    return Outage(f"{tense}-id", "country", "PK", "confirmed", "mobile", tense, NOW, None, NOW, NOW, 0.9, 0.5, (), 2)


def outage(tense: str = "replay") -> Outage | Provisional:
    """As metrics show it: what is watched as it is known by now, a replay as it is settled."""
    return settled(tense) if tense == "replay" else Provisional(settled(tense))


def test_a_replayed_feed_does_not_look_like_a_live_one_that_fell_silent() -> None:
    board = Board()
    board.note(beat("r"), None)
    assert board.value("netvigil_feed_last_event_timestamp_seconds", {"feed": "table"}) is None


@pytest.mark.parametrize(("status", "up"), [(UP, 1.0), (DEAD, 0.0)])
@pytest.mark.parametrize("tense", ["live", "replay"])
def test_a_feed_of_the_tense_that_is_shown_is_up_or_dead(tense: str, status: str, up: float) -> None:
    board = Board(tense)
    board.note(beat("r", tense), None)
    board.note(beat("r", tense, status), None)
    assert board.value(*UP_GAUGE) == up
    assert board.value("netvigil_feed_last_event_timestamp_seconds", {"feed": "table"}) == NOW


def test_a_feed_is_up_when_none_of_its_partitions_is_dead_in_this_run() -> None:
    board = Board()
    board.note(beat("live-4f2a", "live", DEAD, partition=1), None)
    for partition, status, up in ((0, UP, 1), (1, DEAD, 0), (0, UP, 0), (1, UP, 1)):
        board.note(beat("live", "live", status, partition), None)
        assert board.value(*UP_GAUGE) == up
        assert board.value(*WHY_GAUGE) == (None if up else 1)


def test_a_feed_that_was_dead_before_a_restart_is_dead_after_it() -> None:
    board, before, after = Board(), BinStage(0, Series), BinStage(0, Series)
    for status in (UP, DEAD):
        before.step(beat("live", "live", status))
    after.load(before.save())
    board.metrics.resume(after)
    board.note(beat("live", "live", partition=1), None)
    assert (board.value(*UP_GAUGE), board.value(*WHY_GAUGE)) == (0, 1)
    board.note(beat("live", "live"), None)
    assert board.value(*UP_GAUGE) == 1
    board.metrics.forget()  # the partitions went to other workers
    assert board.value(*UP_GAUGE) is None


def test_a_signal_of_a_dead_feed_stays_blind_although_older_bins_of_it_are_fused_later() -> None:
    board, run = Board(), Run("live", "live", ("bgp.ris", "probing.ioda"))
    stage, health = FuseStage(0), ("netvigil_bin_health_ratio", {"signal": "bgp.ris"})
    board.fuse(stage, verdicts("bgp.ris", "....", run=run))
    board.fuse(stage, verdicts("probing.ioda", "..", run=run))
    assert board.value(*health) == 1
    board.fuse(stage, verdicts("bgp.ris", "", run=run, at=1200, status=DEAD))
    board.fuse(stage, verdicts("probing.ioda", "..", run=run, at=600))
    assert board.value(*health) == 0
    labels = {"signal": "bgp.ris", "entity_type": "country", "entity": "PK"}
    assert board.value("netvigil_signal_health_ratio", labels) == 0
    board.fuse(stage, verdicts("bgp.ris", ".", run=run, at=1200))
    board.fuse(stage, verdicts("probing.ioda", ".", run=run, at=1200))
    assert board.value(*health) == 1


@pytest.mark.parametrize("tense", ["replay", "drill"])
def test_an_outage_that_is_open_at_the_end_of_a_recording_is_shown_for_a_while(tense: str) -> None:
    board = Board()
    board.note(beat("r", tense), outage(tense))
    board.note(beat("live", "live"), outage("live"))
    board.note(beat("r", tense), Progress("r", 0, NOW, ended=True))
    board.now += LINGER - 1
    board.metrics.tidy()
    assert board.open(tense) == 1
    board.now += 1
    board.metrics.tidy()
    assert board.open(tense) is None
    assert board.open("live") == 1


def test_a_new_replay_takes_the_place_of_the_one_before_and_of_nothing_live() -> None:
    board = Board()
    board.note(beat("live", "live"), outage("live"))
    board.note(beat("first"), outage())
    board.note(beat("first"), Progress("first", 0, NOW, ended=True))
    assert board.open() == 1
    board.note(beat("second"), None)
    assert board.open() is None
    board.note(beat("second"), outage())
    board.note(beat("first"), outage())  # still on its way
    board.now += LINGER
    board.metrics.tidy()
    assert (board.open(), board.open("live")) == (1, 1)


def test_a_replay_that_was_killed_is_shown_no_longer_than_one_that_ended() -> None:
    board = Board()
    board.metrics.liveness = Liveness(silence=900)
    board.note(beat("killed"), outage())
    for _ in range(2):  # written by the worker, these do not count as frames of the run
        board.now += 450
        board.note(beat("killed", status=DEAD), None)
    board.now = 1000.0 + 900 + LINGER - 1
    board.metrics.tidy()
    assert board.open() == 1
    board.now += 1
    board.metrics.tidy()
    assert board.open() is None


@pytest.mark.parametrize("tense", ["replay", "drill"])
def test_a_run_is_shown_after_a_restart_with_its_first_frame_and_a_live_one_at_once(tense: str) -> None:
    board = Board()
    board.restarted("killed", tense)
    for status in (DEAD, END):
        board.note(beat("killed", tense, status), None)
    assert board.shown() == 0
    board.note(beat("killed", tense), None)
    assert board.shown() == 1
    board.note(beat("newer", tense), None)
    assert board.shown() == 0
    board.restarted("live", "live")
    assert board.shown() == 1


def test_a_rebalance_brings_back_the_shown_run_and_none_that_was_removed() -> None:
    board = Board()
    board.metrics.liveness = Liveness(silence=900)
    board.note(beat("run"), None)
    for later, shown in ((0.0, 1), (900.0 + LINGER, 0)):
        board.now = 1000.0 + later
        board.metrics.tidy()
        board.metrics.forget()
        board.restarted("run")
        assert board.shown() == shown


def test_an_open_outage_of_a_network_keeps_its_labels_over_a_restart_so_that_its_alert_stays_the_same() -> None:
    board, zong = Board(), Entity("asn", "AS59257", "PK", title="Zong")
    before, after = FuseStage(0), FuseStage(0)
    before.step(verdicts("probing.ioda", "....LLLL", run=Run("l", "live", ("probing.ioda",)), entity=zong))
    after.load(before.save())
    board.metrics.resume(after)
    (info,) = [s for m in board.registry.collect() if m.name == "netvigil_outage_info" for s in m.samples]
    assert (info.labels["entity"], info.labels["country"]) == ("AS59257", "PK")
    assert info.labels["name"] == "Zong, AS59257 (Pakistan)"
    assert info.labels["since_local"].endswith("(UTC+5)")


def rows(*times: int) -> Rows:
    at = np.array(times)
    zeros = np.zeros(len(at), np.int32)
    return Rows(LIVE, "table", 0, "bgp.ris", 600, (), 0, (Entity("country", "PK"),), at, zeros, np.ones(len(at)))


def test_dead_letters_are_counted_once_whatever_wrote_them() -> None:
    board = Board()
    for offset in (7, 8, 7, 8):
        headers = {HEADER: origin("bin-mrt", 0, offset, 0)}
        board.metrics.letter(b'{"run":"","feed":"mrt","reason":"bad-frame","place":"netvigil.feed.mrt/0/7"}', headers)
    board.metrics.letter(b"rubbish")
    assert board.counted("dead_letters", feed="mrt", reason="bad-frame") == 2
    assert board.counted("dead_letters", feed="path", reason="bad-letter") == 1


def test_records_without_room_are_not_late_and_missed_bins_are_counted_by_signal() -> None:
    board, late = Board(), rows(0, 0, 0, 0, 0)
    board.note(late, Late(late, crowded=2))
    assert board.counted("late_records", feed="table") == 3
    assert board.counted("dead_letters", feed="table", reason="no-room") == 2
    board.note(verdicts("bgp.ris", "..", run=LIVE), Missed("bgp.ris", 2))
    assert board.counted("missed_bins", signal="bgp.ris") == 2


def test_an_outage_that_is_told_again_after_a_rebalance_is_counted_once_and_the_next_run_counts_anew() -> None:
    board = Board()
    metrics = board.metrics.metrics
    suspected = revised("suspected", 1, confirmed_at=None)
    told = [suspected, revised("confirmed", 2), revised("ended", 3, end=NOW + 7200)]
    for saved in ([], [suspected], told[:2]):
        metrics.forget()
        metrics.resume("live", saved)
        for revision in told:
            metrics.outage(revision)
    counts = [
        board.counted("outages", entity_type="country", tense="live", state=state)
        for state in ("suspected", "confirmed", "ended")
    ]
    assert counts == [1, 1, 1]
    assert board.value("netvigil_detection_latency_seconds_count", {"tense": "live"}) == 1
    metrics.begin("live")
    metrics.outage(told[1])
    assert board.counted("outages", entity_type="country", tense="live", state="confirmed") == 2


def test_what_is_watched_is_shown_as_it_is_known_by_now_and_not_again_when_it_is_settled() -> None:
    board, frame = Board(), verdicts("bgp.ris", "....", run=LIVE)
    value = ("netvigil_signal_value", {"signal": "bgp.ris", "entity_type": "country", "entity": "PK"})
    board.note(frame, Fused(frame, 0))
    board.note(frame, settled("live"))
    assert (board.value(*value), board.shown()) == (None, 0)
    board.note(frame, Arrived(frame, 0))
    board.note(frame, outage("live"))
    assert (board.value(*value), board.shown()) == (100, 1)


def test_an_outage_of_which_it_is_known_by_now_that_it_is_not_confirmed_yet_is_counted_once_all_the_same() -> None:
    board = Board()
    for revision in (revised("confirmed", 1), revised("suspected", 2, confirmed_at=None), revised("confirmed", 3)):
        board.note(verdicts("bgp.ris", ".", run=LIVE), Provisional(revision))
    assert board.value("netvigil_detection_latency_seconds_count", {"tense": "live"}) == 1


def revised(state: str, revision: int, **more: int | None) -> Outage:
    return msgspec.structs.replace(settled("live"), state=state, revision=revision, **more)


@played
async def test_records_that_are_read_again_after_a_rebalance_are_counted_once() -> None:
    board = Board()
    frames: list[Frame] = [
        rows(0, 600), Heartbeat(LIVE, "table", 0, 1200, UP, LIVE.signals), rows(0, 1200, 1800), rows(600, 2400),
    ]  # fmt: skip

    async def emit(output: object, frame: Frame | None, source: bytes) -> list[object]:
        board.note(frame, output, source)
        return []

    def counted() -> tuple[float | None, float | None]:
        return board.counted("feed_messages", feed="table"), board.counted("late_records", feed="table")

    host = Host(
        "table", "bin-table", lambda partition: BinStage(partition, Series), Snapshots(table(Changelog())),
        lambda number: frames[int(number)], emit,  # type: ignore[arg-type]
    )  # fmt: skip
    for saved_at in (1, 2):
        for offset in range(3):
            await host.take(Event(offset, b"%d" % offset))
            if offset == saved_at:
                await host.save_due(anyway=True)
        assert counted() == (5, 1)
        board.metrics.forget()
        host.begin([0])
    await host.take(Event(3, b"3"))
    assert counted() == (7, 2)


def test_watches_are_shown_until_they_expire() -> None:
    registry, now = CollectorRegistry(), [NOW - DAY]
    window = (datetime.fromisoformat(f"2024-02-08T{hour}:00") for hour in ("07", "17"))
    watch = Watch("PK", "Vote", *window, "Asia/Karachi", "election")
    metrics = WorkerMetrics(Metrics.on(registry), watches=[watch], today=lambda: now[0])

    def shown(later: int) -> float | None:
        now[0] += later
        metrics.tidy()
        return registry.get_sample_value("netvigil_watch_active", {"country": "PK", "name": "Vote"})

    assert [shown(later) for later in (0, DAY, 6 * DAY, 2 * DAY, DAY)] == [0, 1, 1, None, None]
