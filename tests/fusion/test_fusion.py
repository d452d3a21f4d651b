"""Fusion: verdicts in, the life of an outage out."""

import itertools

import pytest

from pipeline.fusion import Fused, FuseStage, Missed
from pipeline.fusion.ledger import Ledger
from pipeline.fusion.turns import Heard, Turn
from pipeline.geo.calendar import Almanac
from pipeline.records import DEAD, END, Entity, Outage, Progress, Run, Verdicts
from pipeline.settings import Fusing
from tests.judge.verdicts import verdicts

BGP, PROBING, TRAFFIC = "bgp.ris", "probing.ioda", "traffic.radar"
RUN = Run("r", "replay", (PROBING,))
BOTH = Run("r", "replay", (BGP, PROBING))
LIVE = Run("r", "live", (BGP, PROBING))


def fuse(*frames: Verdicts, stage: FuseStage | None = None) -> list[Outage]:
    stage = stage or FuseStage(0, Fusing())
    return [out for frame in frames for out in stage.step(frame) if isinstance(out, Outage)]


def last(outages: list[Outage]) -> Outage:
    return max(outages, key=lambda outage: outage.revision)


def test_an_outage_is_suspected_confirmed_recovering_and_ended_in_that_order():
    told = fuse(verdicts(PROBING, "....lLLLL........", run=RUN))
    states = [state for state, _ in itertools.groupby(told, key=lambda outage: outage.state)]
    assert states == ["suspected", "confirmed", "recovering", "ended"]


def test_onset_detection_confirmation_and_end_are_where_they_belong():
    outage = last(fuse(verdicts(PROBING, "....lLLLL........", run=RUN)))
    assert (outage.start, outage.end) == (4 * 300, 9 * 300)
    assert (outage.detected_at, outage.confirmed_at) == (5 * 300, 6 * 300)


def test_the_id_stays_and_revisions_count_up():
    told = fuse(verdicts(PROBING, "....lLLLL........", run=RUN))
    assert len({outage.id for outage in told}) == 1
    assert [outage.revision for outage in told] == list(range(1, len(told) + 1))


def test_a_short_recovery_does_not_make_two_outages():
    told = fuse(verdicts(PROBING, "...lLLL...LLLL.........", run=RUN))
    assert len({outage.id for outage in told}) == 1
    assert last(told).end == 14 * 300


def test_a_suspicion_that_passes_is_retracted_and_was_never_confirmed():
    told = fuse(verdicts(PROBING, "....l...........", run=RUN))
    assert last(told).state == "retracted"
    assert last(told).confirmed_at is None


def test_an_outage_outlives_silence():
    outage = last(fuse(verdicts(PROBING, "...LLL" + "?" * 300, run=RUN)))
    assert (outage.state, outage.end) == ("confirmed", None)


def test_without_a_witness_no_outage_begins_however_likely_one_is():
    ledger = Ledger("replay", Fusing(), Almanac())
    frame = verdicts(PROBING, "??", run=RUN)
    iraq = verdicts(PROBING, "L", run=RUN, entity=Entity("country", "IQ", "IQ"))
    assert ledger.see([Turn(frame, 0, 300)]) == [Heard([])]
    assert ledger.see([Turn(iraq, 0, 300)])[0].outages
    ledger.scales.prior.base[:] = 1.0
    assert ledger.see([Turn(frame, 1, 600)]) == [Heard([])]


def test_silence_alone_is_never_an_outage():
    assert fuse(verdicts(PROBING, "...." + "?" * 50, run=RUN)) == []


def test_an_outage_does_not_end_while_a_better_witness_is_still_down():
    marks = {BGP: "...LLL............", PROBING: "...LLLLLLLLLLLLLLL"}
    outage = last(fuse(*(verdicts(signal, m, run=BOTH) for signal, m in marks.items())))
    assert (outage.state, outage.end) == ("confirmed", None)


def test_it_ends_when_the_last_witness_has_returned():
    marks = {BGP: "...LLL................", PROBING: "...LLLLLL............."}
    outage = last(fuse(*(verdicts(signal, m, run=BOTH) for signal, m in marks.items())))
    assert (outage.state, outage.end) == ("ended", 9 * 300)


def test_one_noisy_source_against_two_calm_ones_is_not_confirmed():
    run = Run("r", "replay", (BGP, PROBING, TRAFFIC))
    marks = {BGP: ".........", PROBING: "....LLLLL", TRAFFIC: "........."}
    told = fuse(*(verdicts(signal, m, run=run) for signal, m in marks.items()))
    assert {outage.state for outage in told} <= {"suspected"}


def test_flat_bgp_does_not_veto_a_stealth_outage():
    outage = last(fuse(verdicts(BGP, ".........", run=BOTH), verdicts(PROBING, "...LLLLLL", run=BOTH)))
    assert (outage.state, outage.kind) == ("confirmed", "stealth")


def test_a_country_whose_mobile_networks_alone_are_out_is_a_mobile_outage():
    run = Run("r", "replay", (BGP, PROBING, TRAFFIC))
    mobile, fixed = Entity("asn", "AS45669", "PK", True), Entity("asn", "AS17557", "PK")
    told = fuse(
        verdicts(TRAFFIC, "...LLLLLL", run=run, entity=mobile),
        verdicts(BGP, ".........", run=run, entity=fixed),
        verdicts(PROBING, "...LLLLLL", run=run, left=0.4),
    )
    country = last([outage for outage in told if outage.entity_type == "country"])
    assert country.kind == "mobile"


def test_evidence_is_named_and_adds_up_in_words():
    outage = last(fuse(verdicts(BGP, ".........", run=BOTH), verdicts(PROBING, "...LLLLLL", run=BOTH)))
    assert [(term.signal, term.weight) for term in outage.signals] == [(BGP, -0.5), (PROBING, 9.0)]
    assert outage.signals[1].ratio == pytest.approx(0.2)
    assert outage.severity == pytest.approx(0.8)


def test_no_order_of_arrival_changes_a_revision():
    marks = {BGP: "...LLL..........L......", PROBING: "...lLLLLL.............."}
    pieces = [
        [verdicts(signal, m[i : i + 4], run=BOTH, at=300 * i) for i in range(0, len(m), 4)]
        for signal, m in marks.items()
    ]
    one_after_the_other = fuse(*pieces[0], *pieces[1])
    in_turns = fuse(*(frame for pair in zip(*pieces, strict=True) for frame in pair))
    the_other_first = fuse(*pieces[1], *pieces[0])
    assert one_after_the_other == in_turns == the_other_first != []


def test_what_comes_twice_changes_nothing():
    frame = verdicts(PROBING, "....lLLLL........", run=RUN)
    stage = FuseStage(0, Fusing())
    assert fuse(frame, stage=stage)
    assert fuse(frame, stage=stage) == []


def test_state_can_be_cut_anywhere():
    marks = {BGP: "...LLL..........L......", PROBING: "...lLLLLL.............."}
    frames = [
        verdicts(signal, m[i : i + 3], run=BOTH, at=300 * i) for i in range(0, 23, 3) for signal, m in marks.items()
    ]
    whole = fuse(*frames)
    for cut in range(len(frames)):
        first, second = FuseStage(0, Fusing()), FuseStage(0, Fusing())
        told = fuse(*frames[:cut], stage=first)
        second.load(first.save())
        assert told + fuse(*frames[cut:], stage=second) == whole


def test_a_bin_waits_for_every_signal_of_the_roster():
    assert fuse(verdicts(PROBING, "....LLLLL", run=BOTH)) == []


def test_a_dead_feed_holds_nobody_up_who_watches():
    dead = verdicts(BGP, "", run=LIVE, status=DEAD)
    assert last(fuse(dead, verdicts(PROBING, "....LLLLL", run=LIVE))).state == "confirmed"


@pytest.mark.parametrize("late", [False, True])
def test_a_replay_waits_for_what_its_dead_feed_says_later_whoever_comes_first(late: bool):
    dead = verdicts(BGP, "..", run=BOTH, status=DEAD)
    back = verdicts(BGP, "??LLLL", run=BOTH, at=600)
    end = [verdicts(signal, "", run=BOTH, at=2700, status=END) for signal in (BGP, PROBING)]
    going = verdicts(PROBING, "....LLLLL", run=BOTH)
    frames = [dead, going, back, *end] if late else [dead, back, going, *end]
    assert fuse(*frames) == fuse(going, dead, back, *end)
    assert [one.signal for one in last(fuse(*frames)).signals] == [BGP, PROBING]


def test_what_is_open_at_the_end_of_a_recording_stays_open_and_the_end_is_told_once():
    stage = FuseStage(0, Fusing())
    told = [
        *stage.step(verdicts(PROBING, "....LLLLL", run=RUN)),
        *stage.step(verdicts(PROBING, "", run=RUN, at=2700, status=END)),
    ]
    assert last([out for out in told if isinstance(out, Outage)]).end is None
    assert [out.ended for out in told if isinstance(out, Progress)] == [False, True]


def test_runs_do_not_meet():
    stage = FuseStage(0, Fusing())
    other = Run("other", "drill", (PROBING,))
    told = fuse(verdicts(PROBING, "...LL", run=RUN), verdicts(PROBING, ".....", run=other), stage=stage)
    assert {outage.tense for outage in told} == {"replay"}


def test_fused_bins_come_in_order_of_end_and_signal():
    stage = FuseStage(0, Fusing())
    frames = [verdicts(PROBING, "....", run=BOTH, width=600), verdicts(BGP, "........", run=BOTH)]
    fused = [out for frame in frames for out in stage.step(frame) if isinstance(out, Fused)]
    order = [(int(f.verdicts.start[f.bin]) + f.verdicts.width, f.verdicts.signal) for f in fused]
    assert order == sorted(order)
    assert len(order) == 12


def test_a_feed_whose_recording_ends_holds_up_nobody_who_goes_on():
    ended = verdicts(BGP, "..", run=BOTH, status=END)
    going = [verdicts(PROBING, "....LLLLL", run=BOTH), verdicts(PROBING, "", run=BOTH, at=2700, status=END)]
    for frames in ([ended, *going], [*going, ended], [going[0], ended, going[1]]):
        assert last(fuse(*frames)).state == "confirmed"


def test_what_waits_is_told_when_the_last_feed_has_ended_and_another_is_dead():
    frames = [verdicts(PROBING, "....LLLLL", run=LIVE, status=END), verdicts(BGP, "", run=LIVE, status=DEAD)]
    assert last(fuse(*frames)).state == "confirmed"


def test_time_does_not_go_back_for_a_feed_that_was_dead():
    stage = FuseStage(0, Fusing())
    before = fuse(verdicts(BGP, "", run=LIVE, status=DEAD), verdicts(PROBING, "....LLLLL", run=LIVE), stage=stage)
    assert last(before).state == "confirmed"
    late = stage.step(verdicts(BGP, "LLLL.....", run=LIVE))
    assert not [out for out in late if isinstance(out, Outage | Fused)]


def test_what_a_dead_feed_hands_in_after_its_time_is_counted_and_only_what_it_had_observed():
    stage = FuseStage(0, Fusing())
    fuse(verdicts(BGP, "", run=LIVE, status=DEAD), verdicts(PROBING, ".........", run=LIVE), stage=stage)
    resumed = FuseStage(0, Fusing())
    resumed.load(stage.save())
    told = resumed.step(verdicts(BGP, "LL?......", run=LIVE)) + resumed.step(verdicts(BGP, "LL?......", run=LIVE))
    assert [out for out in told if isinstance(out, Missed)] == [Missed(BGP, 8)]
    told = [out for s in (BGP, PROBING) for out in resumed.step(verdicts(s, "", run=LIVE, at=2700, status=END))]
    assert [out.missed for out in told if isinstance(out, Progress)][-1] == 8


def test_a_mobile_network_is_called_so_only_where_its_routes_were_seen_to_stand():
    mobile = Entity("asn", "AS45669", "PK", True)
    down = verdicts(PROBING, "...LLLLLL", run=BOTH, entity=mobile)
    kinds = [
        last(fuse(verdicts(BGP, marks, run=BOTH, entity=mobile), down)).kind for marks in (".........", "?????????")
    ]
    assert kinds == ["mobile", "unknown"]


def test_what_is_lost_is_the_mean_of_the_evidence_that_is_told():
    shallow, deep = (
        verdicts(PROBING, "...LLL.......", run=BOTH, left=0.6),
        verdicts(BGP, "...LLLLLL....", run=BOTH, left=0.2),
    )
    outage = last(fuse(shallow, deep))
    assert {term.signal: term.ratio for term in outage.signals} == {PROBING: 0.6, BGP: 0.2}
    assert outage.severity == pytest.approx(0.6)  # not the 0.8 of the moment when the deeper one was left alone


def test_a_service_that_is_out_is_a_platform_outage():
    service = Entity("service", "PK:whatsapp", "PK")
    outage = last(fuse(verdicts(PROBING, "...LLLLLL", run=RUN, entity=service)))
    assert outage.kind == "platform"
