"""What a watch tells people, and when."""

import pytest

from detectors.base import NORMAL
from pipeline.records import Entity, Outage
from pipeline.watch.notices import HOLD, PAUSE, Memory, Notice, Notices
from pipeline.watch.picture import Picture
from tests.watch.pictures import NOW, ZONG, outage, picture, status, verdicts

JAZZ, PTCL = Entity("asn", "AS45669", "PK", True, "Jazz"), Entity("asn", "AS17557", "PK", False, "PTCL")
MINUTE = 60


def told(notices: Notices, seen: Picture, minutes: int = 0) -> list[Notice]:
    return list(notices.of(seen.view(NOW + minutes * MINUTE)))


def night() -> Picture:
    """Pakistan and two of its networks are out, a third one stands."""
    low = [verdicts(value=20.0, entity=one) for one in (ZONG, JAZZ)]
    standing = verdicts(value=100.0, entity=PTCL, state=NORMAL)
    return picture(verdicts(value=40.0), *low, standing, outage(), outage(entity=ZONG), outage(entity=JAZZ, depth=0.9))


def test_the_first_message_is_complete() -> None:
    seen = night()
    seen.take(status("rislive", "dead", "it needs a table"))
    (notice,) = told(Notices(), seen)
    assert notice == Notice(
        "Pakistan: mobile networks down",
        (
            "Since Thu 8 Feb 2024, 06:30 (UTC+5). Lost now: 60 %, at worst 80 %.",
            "Out: Jazz 90 %; Zong 60 %. Stand: PTCL.",
            "We are 97% sure. Not seen: routes.",
        ),
    )


def test_nothing_is_told_twice_nor_after_a_restart() -> None:
    notices, seen = Notices(), night()
    assert len(told(notices, seen)) == 1
    assert told(notices, seen, 1) == told(Notices(notices.memory), seen, 2) == []


def test_what_grows_is_told_once_after_a_while() -> None:
    notices, seen = Notices(), picture(verdicts(value=40.0), outage(depth=0.4))
    assert len(told(notices, seen)) == 1
    seen.take(verdicts(value=20.0, entity=ZONG))
    seen.take_now(outage(entity=ZONG), "")
    seen.take_now(outage(revision=3, depth=0.7), "")
    assert told(notices, seen, 5) == []
    (more,) = told(notices, seen, PAUSE // MINUTE)
    assert more.title == "Pakistan, more: mobile networks down"
    assert more.lines[:2] == ("Since Thu 8 Feb 2024, 06:30 (UTC+5). Lost now: 70 %, at worst 80 %.", "Out: Zong 60 %.")
    assert told(notices, seen, 30) == []


def test_a_suspicion_is_not_told_nor_its_end() -> None:
    notices, seen = Notices(), picture(verdicts(value=40.0), outage("suspected", confirmed_at=None))
    assert told(notices, seen) == []
    seen.take_now(outage("retracted", revision=3, end=NOW, confirmed_at=None), "")
    assert told(notices, seen, 60) == []


def test_the_end_has_the_duration_and_what_is_back() -> None:
    notices, seen = Notices(), night()
    told(notices, seen)
    for entity in (None, ZONG, JAZZ):
        more = {} if entity is None else {"entity": entity}
        seen.take_now(outage("ended", revision=3, end=NOW + 1800, **more), "")  # type: ignore[arg-type]
        seen.take(verdicts(until=NOW + 3600, **more))  # type: ignore[arg-type]
    (over,) = told(notices, seen, 60)
    assert over == Notice(
        "Pakistan: over after 1 hour 30 minutes",
        ("From Thu 8 Feb 2024, 06:30 (UTC+5) to Thu 8 Feb 2024, 08:00 (UTC+5).", "Back: Jazz; Zong."),
    )
    assert told(notices, seen, 90) == []


def test_a_network_alone_is_told_without_the_country() -> None:
    seen = picture(verdicts(), verdicts(value=20.0, entity=ZONG), outage(entity=ZONG))
    (notice,) = told(Notices(), seen)
    assert notice.title == "Pakistan: Zong down, not all of the country"
    assert notice.lines[1] == "Out: Zong 60 %."


def test_what_was_wrong_is_taken_back_when_it_stays_gone() -> None:
    notices, seen = Notices(), picture(verdicts(value=40.0), outage())
    told(notices, seen)
    seen.take_now(outage("retracted", revision=3, end=NOW), "")
    seen.take(verdicts(until=NOW + 900))
    assert told(notices, seen, 15) == []
    (wrong,) = told(notices, seen, 15 + HOLD // MINUTE)
    assert wrong.title == "Pakistan: it was no outage"


def test_a_flapping_outage_is_at_most_one_pair() -> None:
    notices, seen, said = Notices(), picture(verdicts(value=40.0)), list[Notice]()
    for revision in range(2, 12):
        state = "confirmed" if revision % 2 else "recovering"
        seen.take_now(outage(state, revision=revision), "")
        said += told(notices, seen, 5 * revision)
    assert [one.title for one in said] == ["Pakistan: mobile networks down"]


def test_a_machine_without_a_network_is_one_message_by_cause_and_one_when_it_sees_again() -> None:
    feeds = {name: (f"traffic.{name}",) for name in ("radar", "google", "other")}
    seen = Picture(("PK", "IQ"), feeds, current={0})
    for feed in ("radar", "google"):
        seen.take(status(feed, "dead", "its name is not found, as where a machine is offline"))
    seen.take(status("other", "dead", "it needs a token"))
    notices = Notices()
    assert told(notices, seen) == []
    (blind,) = told(notices, seen, HOLD // MINUTE)
    assert blind.title == "We cannot see Pakistan; Iraq"
    assert blind.lines[1:] == (
        "radar, google: its name is not found, as where a machine is offline.", "other: it needs a token.",
    )  # fmt: skip
    assert told(notices, seen, 60) == []
    seen.take(status("radar", "up"))
    seen.partitions["PK"] = 0
    seen.take(verdicts(until=NOW + 7200))
    (again,) = told(notices, seen, 120)
    assert again.title == "We see Pakistan again"


def test_while_the_past_is_read_nothing_is_taken_back() -> None:
    notices = Notices()
    told(notices, night())
    after = Picture(("PK",), {"radar": ("traffic.radar",)}, (ZONG,))
    after.take(verdicts(until=NOW - 86_400))
    later = Notices(notices.memory)
    assert [*told(later, after), *told(later, after, 120)] == []


@pytest.mark.parametrize("kind", ["blackout", "partial"])
def test_another_kind_is_told(kind: str) -> None:
    notices, seen = Notices(), picture(verdicts(value=40.0), outage())
    told(notices, seen)
    seen.take_now(outage(revision=3, kind=kind), "")
    assert told(notices, seen, 1) == told(notices, seen, HOLD // MINUTE) == []
    (other,) = told(notices, seen, 1 + HOLD // MINUTE)
    assert other.title.startswith("Pakistan, more: ")


def test_kinds_that_take_turns_are_not_told() -> None:
    notices, seen, said = Notices(), picture(verdicts(value=40.0), outage()), list[Notice]()
    for revision in range(3, 20):
        seen.take_now(outage(revision=revision, kind=("mobile", "partial")[revision % 2]), "")
        said += told(notices, seen, 10 * revision)
    assert [one.title for one in said if "see" not in one.title] == ["Pakistan: partly cut off"]


def test_an_expired_watch_says_nothing() -> None:
    notices, seen = Notices(Memory()), night()
    told(notices, seen)
    seen.countries = ()
    seen.take_now(outage("ended", revision=3, end=NOW), "")
    assert told(notices, seen, 60) == []


def test_an_outage_of_which_all_feeds_died_is_not_over() -> None:
    notices, seen = Notices(), picture(verdicts(value=40.0), outage())
    told(notices, seen)
    for feed in seen.feeds:
        seen.take(status(feed, "dead", "it does not answer"))
    (blind,) = [*told(notices, seen, 180), *told(notices, seen, 180 + HOLD // MINUTE)]
    assert blind.title == "We cannot see Pakistan"
    assert isinstance(seen.outages["pk-1"], Outage)
