"""What a watch says of a country: up only where that is seen, out only where an outage is open, else *cannot see*."""

import dataclasses

import pytest

from detectors.base import UNKNOWN
from pipeline.bins import DAY
from pipeline.explain.terms import HELD_BY
from pipeline.records import DEAD, UP, DeadLetter, Entity, Progress
from pipeline.watch.picture import BACK, FINE, LOW, MISSING, OUT, PERHAPS, UNJUDGED, UNSEEN, Country, Picture
from tests.watch.pictures import FEEDS, NOW, PK, ZONG, outage, picture, status, verdicts


def country(made: Picture, now: int = NOW) -> Country:
    return made.view(now).countries[0]


def test_without_any_news_each_feed_says_so_and_nothing_is_up_or_out() -> None:
    seen = country(picture())
    assert (seen.place.state, seen.place.words, seen.parts) == (UNSEEN, "cannot see", ())
    assert seen.unseen == ("routes (bgp.ris): nothing has come yet.", "traffic.radar: nothing has come yet.")


def test_a_dead_feed_is_said_with_its_reason_and_the_time_of_its_last_news() -> None:
    dead = status("radar", DEAD, "the server answers 500.")
    seen = country(picture(verdicts("bgp.ris"), verdicts(), dead), NOW + 600)
    assert seen.unseen == ("traffic.radar: the server answers 500; nothing since Thu 8 Feb 2024, 07:30 (UTC+5).",)
    assert seen.place.words == "cannot see: routes (bgp.ris) alone does not show it"
    back = country(picture(verdicts("bgp.ris"), verdicts(), dead, status("radar", UP)), NOW + 600)
    assert (back.place.state, back.unseen) == (FINE, ())


@pytest.mark.parametrize(
    ("frames", "state"),
    [
        ([verdicts()], FINE),
        ([verdicts("bgp.ris")], UNSEEN),  # routes stay when phones are cut off
        ([verdicts(settled=False)], UNSEEN),
        ([verdicts(state=UNKNOWN)], UNSEEN),
        ([verdicts(value=float("nan"))], UNSEEN),
        ([verdicts(until=NOW - 3 * 3600)], UNSEEN),
        ([verdicts(value=10)], UNSEEN),  # low, and not yet an outage
        ([verdicts(entity=ZONG)], UNSEEN),  # a network is not its country
    ],
    ids=["normal", "routes", "first day", "not judged", "missing", "old", "low", "of a network"],
)
def test_up_needs_a_recent_judged_signal_that_would_show_it(frames: list[object], state: str) -> None:
    assert country(picture(*frames)).place.state == state


@pytest.mark.parametrize(("life", "state"), [("confirmed", OUT), ("suspected", PERHAPS), ("recovering", BACK)])
def test_an_open_outage_is_said_with_onset_loss_and_evidence(life: str, state: str) -> None:
    seen = country(picture(verdicts(value=20), outage(life)))
    assert (seen.place.state, seen.place.words) == (
        state,
        f"{state}{'; it was' * (state == BACK)}: mobile networks down",
    )
    assert seen.place.since_local == "Thu 8 Feb 2024, 06:30 (UTC+5)"
    assert (seen.place.lost, seen.place.sure, seen.place.because) == (0.8, 0.97, "traffic.radar at 20%")


def test_an_outage_that_nothing_shows_any_more_was_there_when_last_seen() -> None:
    made = picture(verdicts("bgp.ris"), verdicts(value=20), outage(), status("radar", DEAD))
    place = country(made).place
    assert (place.state, place.words) == (UNSEEN, "cannot see; out when last seen: mobile networks down")


def test_networks_that_are_out_stand_under_their_country() -> None:
    low = verdicts(value=20, entity=ZONG)
    seen = country(picture(verdicts(), low, outage(entity=ZONG), verdicts(entity=Entity("country", "IN", "IN"))))
    assert seen.place.words == "up; out: Zong, AS59257"
    assert [(part.name, part.state) for part in seen.parts] == [("Zong, AS59257", OUT)]


def test_restored_is_said_for_a_day() -> None:
    made = picture(verdicts(), outage("ended", end=NOW - 900))
    assert country(made).place.words == "up, restored Thu 8 Feb 2024, 07:15 (UTC+5) after 45 minutes"
    made.take(verdicts(until=NOW + DAY))
    assert country(made, NOW + DAY).place.words == "up"


def test_what_is_known_by_now_goes_before_the_settled_record() -> None:
    made = picture(verdicts(value=20))
    made.take(outage(severity=0.5, id="of-the-record"))
    assert country(made).place.outage is None  # what is open is known by now: this is of the past that is still read
    made.take_now(outage(severity=0.9), "of-the-record")
    made.take(outage("ended", end=NOW, id="of-the-record", revision=9))
    assert country(made).place.lost == 0.9
    assert [(o.id, provisional) for o, provisional in made.view(NOW).outages] == [("pk-1", False)]
    made.take_now(outage("retracted", revision=3), "of-the-record")
    assert country(made).place.outage is None
    assert [o.id for o, _ in made.view(NOW).outages] == []


def test_what_was_over_before_the_watch_is_of_the_record_alone() -> None:
    made = picture(verdicts())
    made.take(outage("ended", start=NOW - 9000, end=NOW - 7200, id="before"))
    assert [(o.id, provisional) for o, provisional in made.view(NOW).outages] == [("before", False)]
    assert country(made).place.words.startswith("up, restored")


def test_the_ids_of_an_earlier_watch_go_on() -> None:
    first = picture(outage(id="a"), outage("retracted", entity=ZONG, id="b"))
    again = picture(verdicts(value=20))
    again.before = first.kept(NOW)
    for state, revision in (("suspected", 1), ("confirmed", 2)):
        again.take_now(outage(state, id="other", revision=revision), "other")
    again.take_now(outage(entity=ZONG, id="c"), "")
    assert [(o.id, o.state) for o, _ in again.view(NOW).outages] == [("a", "confirmed"), ("c", "confirmed")]
    later = picture(outage(id="new", start=NOW + 60))
    later.before = first.kept(NOW)
    assert [o.id for o in later.kept(NOW + 90)] == ["new", "a"]
    assert [o.id for o in later.kept(NOW + 2 * DAY)] == ["new"]
    later.take(verdicts())  # its past is read, and the outage of before is not on any more
    assert [o.id for o in later.kept(NOW + 90)] == ["new"]


def test_after_a_restart_revisions_and_times_of_an_outage_do_not_go_back() -> None:
    first = picture(outage(revision=10))
    first.view(NOW)
    again = picture(verdicts(value=20))
    again.before = first.kept(NOW)
    told = []
    for late, revision in ((60, 1), (120, 4), (180, 4)):
        again.take_now(outage(revision=revision, confirmed_at=NOW + 30), "")
        view = again.view(NOW + late)
        ((known, _),) = view.outages
        told.append((known.revision, known.confirmed_at, view.changed[known.id] - NOW))
    assert told == [(11, NOW - 2700, 60), (14, NOW - 2700, 120), (14, NOW - 2700, 120)]


def test_an_older_revision_changes_nothing() -> None:
    assert country(picture(verdicts(), outage(revision=3), outage("suspected", revision=2))).place.state == OUT


def test_a_suspicion_says_what_holds_it_back_and_between_which_times_it_began() -> None:
    one = outage("suspected", confirmed_at=None, held_by="quiet day", start_between=(NOW - 3600, NOW - 2700))
    place = country(picture(verdicts(value=20), one)).place
    assert place.held_by == HELD_BY["quiet day"]
    assert place.began == ("06:30", "06:45 (UTC+5)")
    assert (place.now, place.lost) == (0.6, 0.8)
    confirmed = country(picture(verdicts(value=20), outage(held_by="quiet day"))).place
    assert (confirmed.held_by, confirmed.began) == ("", None)


def test_signals_are_shown_with_value_usual_and_age() -> None:
    made = picture(verdicts(value=20), verdicts("bgp.ris", settled=False), verdicts(entity=ZONG, value=float("nan")))
    routes, traffic, zong = made.view(NOW + 60).readings
    assert (traffic.state, traffic.value, traffic.usual, traffic.share, traffic.age) == (LOW, 20.0, 100.0, 0.2, 60)
    assert (routes.state, zong.state, zong.value) == (UNJUDGED, MISSING, 100.0)
    assert "routes (bgp.ris): cannot be judged yet: too little past." in country(made).unseen


def test_the_past_that_is_still_read_is_said() -> None:
    seen = country(picture(verdicts(until=NOW - 20 * DAY)))
    assert "traffic.radar: reading the past, now at 2024-01-19 02:30 UTC." in seen.unseen
    assert seen.place.state == UNSEEN


def test_only_the_last_day_of_watched_countries_is_kept() -> None:
    made = picture(verdicts(bins=400), verdicts(entity=Entity("country", "IN", "IN")))
    made.take(dataclasses.replace(verdicts(value=0), detector="daily"))
    assert {key: len(points) for key, points in made.series.items()} == {("traffic.radar", *PK[:2]): 96}


def test_the_health_of_feeds_counts_dead_letters() -> None:
    made = picture(verdicts(), status("rislive", DEAD, "no connection"), DeadLetter("live", "radar", "bad-json", "x"))
    health = {one.feed: one for one in made.view(NOW + 5).health}
    assert (health["rislive"].status, health["rislive"].reason, health["rislive"].age) == (DEAD, "no connection", None)
    assert (health["radar"].status, health["radar"].age, health["radar"].dead_letters) == (UP, 5, 1)
    assert tuple(health) == tuple(FEEDS)


def test_while_the_past_is_read_no_place_is_said_to_be_up_or_no_outage() -> None:
    made = Picture(("PK",), FEEDS, (ZONG,))
    made.before = [outage(end=NOW - 900)]
    assert said(made) == ("cannot see", "cannot see; out when last seen: mobile networks down", "")
    for value, until, local in (100, NOW - 900, "07:15"), (20, NOW, "07:30"):
        made.take(verdicts(value=value, until=until))
        words = "reading the past; out when last seen: mobile networks down"
        assert said(made) == ("reading the past", words, f"Thu 8 Feb 2024, {local} (UTC+5)")
    made.before = []
    assert said(made)[:2] == ("reading the past", "reading the past")
    made.take(status("radar", DEAD, "no connection"))
    assert said(made) == ("cannot see", "cannot see", "")
    made.take(status("radar", "up"))
    made.take(Progress("live", 0, NOW, is_now=True))
    assert said(made)[:2] == ("cannot see", "low, and not an outage yet: traffic.radar")
    made.take_now(outage(), "")
    assert said(made) == ("out", "out: mobile networks down", "")


def said(made: Picture) -> tuple[str, str, str]:
    place = made.view(NOW).countries[0].place
    return place.state, place.words, place.read


def test_outages_that_were_over_a_week_ago_are_kept_no_longer_and_open_ones_are() -> None:
    made = picture(outage("ended", id="a", end=NOW - 100), outage("retracted", id="b", end=NOW), outage(id="c"))
    made.take(outage("ended", id="d", end=NOW - 50))
    made.take_now(outage("ended", id="e", end=NOW + DAY), "d")
    assert {one.id for one, _ in made.view(NOW).outages} == {"a", "c", "e"}
    view = made.view(NOW + 7 * DAY + 600)
    assert [one.id for one, _ in view.outages] == ["c", "e"]
    assert (set(made.outages), set(made.record), set(made.settled)) == ({"c", "e"}, set(), {"c", "e"})
    assert set(view.changed) == {"c", "e"}
