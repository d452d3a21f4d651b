"""What a replay says of itself once it is over: what it does not know, and what it did not read."""

import json
import re
from pathlib import Path

import pytest
from msgspec import structs
from typer.testing import CliRunner

import pipeline.signals
from pipeline.cli.arguments import app
from pipeline.codec import iso
from pipeline.explain.why import how_to_read, what_kinds, why_mobile
from pipeline.geo.places import Places
from pipeline.records import Entity, Outage, Term
from pipeline.replay.coverage import Past, Span

ANNOUNCED = (
    '{"type":"ris_message","data":{"timestamp":%d,"peer":"192.0.2.1","peer_asn":"64500","host":"rrc00","type":"UPDATE",'
    '"path":[64500,64501],"announcements":[{"next_hop":"192.0.2.1","prefixes":["198.51.100.0/24"]}]}}\n'
)
HEAD = "time,signal,entity_type,entity,value\n"
END = 1707350400
HOUR = 3600


def series(hours: int, entity: str = "PK", low: range = range(0), signal: str = "probing.ioda", left: int = 20) -> str:
    """An even series of so many hours until `END`; of the hours before the end in ``low`` so many percent."""
    bins = range(END - hours * HOUR, END, 600)
    rows = ((t, left if (END - t - 1) // HOUR in low else 100) for t in bins)
    return "".join(f"{iso(t)},{signal},country,{entity},{value}\n" for t, value in rows)


def without(rows: str, begin: float, end: float, empty: bool = True) -> str:
    """The rows from so many hours before the end until so many: empty, or not there."""
    lines = []
    for line in rows.splitlines():
        blind = iso(int(END - begin * HOUR)) <= line.partition(",")[0] < iso(int(END - end * HOUR))
        lines += [] if blind and not empty else [line.rpartition(",")[0] + "," if blind else line]
    return "".join(f"{line}\n" for line in lines)


def replayed(folder: Path, rows: str, code: int = 0, *options: str) -> str:
    (folder / "signals.csv").write_text(HEAD + rows)
    done = CliRunner().invoke(app, ["replay", str(folder), *options], catch_exceptions=False)
    assert done.exit_code == code
    return " ".join(done.stdout.split())


def test_what_is_still_suspected_is_named_and_what_was_retracted_is_counted_apart(tmp_path: Path) -> None:
    rows = series(72).splitlines()
    for at in (-1, -80):
        rows[at] = rows[at].removesuffix("100") + "80"
    said = replayed(tmp_path, "".join(f"{row}\n" for row in rows))
    assert "no outages confirmed, 2 only suspected, 1 of them retracted" in said
    assert re.search(r"Still suspected: Pakistan from 2024-02-07 23:50 UTC on \(\d\d% sure\), 20% lost: probes", said)
    assert (
        "Retracted: Pakistan from 2024-02-07 10:40 to 10:50 UTC, 20% lost: probes (probing.ioda) at 80%. 432 records"
        in said
    ), "and nothing of a first day"
    assert "432 records read, 2024-02-05 00:00 to 2024-02-07 23:50 UTC: 432 used" in said
    assert "suspected:" not in replayed(tmp_path, series(72))


def test_a_day_without_a_past_is_no_all_clear(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(24, low=range(2, 12)), 1)
    assert "no outages confirmed" in said
    assert "No all-clear for Pakistan: less than two days of values" in said


def test_with_a_past_it_says_from_when_on_it_can_confirm_and_no_more(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(72))
    assert "nothing is confirmed in a series' first day: here before 2024-02-06 00:00 UTC" in said
    assert "No all-clear" not in said


def test_an_onset_in_the_first_day_cannot_be_dated(tmp_path: Path) -> None:
    early, dated = tmp_path / "early", tmp_path / "dated"
    for folder in (early, dated):
        folder.mkdir()
    rows = series(36, low=range(2, 13))
    said = replayed(early, rows)
    assert "* Start: the onset cannot be dated of the outage of Pakistan from 2024-02-07 11:00 UTC on: it may" in said
    (outage,) = json.loads(replayed(early, rows, 0, "--json"))["outages"]
    assert json.loads(replayed(early, rows, 0, "--json"))["undated"] == [outage["id"]]
    assert "cannot be dated" not in replayed(dated, series(72, low=range(2, 13)))


@pytest.mark.parametrize(
    ("hole", "said", "code"),
    [
        ((12.5, 11.5), "began between 2024-02-07 11:30 and 2024-02-07 12:30 UTC, not observed.", 0),
        ((13, 6), "began between 2024-02-07 11:00 and 2024-02-07 18:00 UTC, not observed.", 1),
        ((2.5, 1.5), "ended between 2024-02-07 21:30 and 2024-02-07 22:30 UTC, not observed.", 0),
    ],
)
def test_an_onset_or_end_that_touches_a_hole_is_not_exact(
    tmp_path: Path, hole: tuple[float, float], said: str, code: int
) -> None:
    rows = without(series(72, low=range(2, 12)), *hole)
    words = replayed(tmp_path, rows, code)
    which = "Start" if said.startswith("began") else "End"
    assert f"* {which} not exactly dated: the outage of Pakistan {said}" in words
    found = re.search(r"(2024-02-07 \d\d:\d\d\*?) – (\d\d:\d\d\*?) UTC", words)
    assert found is not None
    assert [time.endswith("*") for time in found.groups()] == [which == "Start", which == "End"]
    assert re.search(r"\d (h|min)\*", words), "how long it lasted is not exact either"
    told = json.loads(replayed(tmp_path, rows, code, "--json"))
    assert told["undated"] == [outage["id"] for outage in told["outages"]]


def test_five_times_that_are_not_exact_are_told_and_the_others_counted(tmp_path: Path) -> None:
    countries = enumerate(("AF", "BD", "IN", "IR", "LK", "NP"))
    rows = "".join(
        without(series(72, name, low=range(2, 12), left=5 + 8 * i), 12.5 + i / 6, 11.5) for i, name in countries
    )
    said = replayed(tmp_path, rows, 1)
    assert said.count("* Start not exactly dated: the outage of") == 5
    assert "* Start or end not exactly dated: nor are others, at 1 other time: --json names them all (undated)." in said


def test_times_are_exact_where_a_hole_is_elsewhere_or_another_witness_saw_them(tmp_path: Path) -> None:
    rows = series(72, low=range(2, 12))
    exact = replayed(tmp_path, without(rows, 7, 6.5))
    assert "not exactly" not in exact
    assert "*" not in exact
    seen = series(72, low=range(2, 12), signal="traffic.radar")
    assert "not exactly" not in replayed(tmp_path, without(rows, 12.5, 11.5) + seen)


def test_five_of_those_without_a_past_are_named_and_the_others_counted(tmp_path: Path) -> None:
    rows = "".join(series(12, entity) for entity in ("AF", "BD", "IN", "IR", "LK", "NP", "PK"))
    assert "No all-clear for Afghanistan; Bangladesh; India; Iran; Sri Lanka and 2 more:" in replayed(tmp_path, rows, 1)


def test_countries_are_named_before_networks(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(12).replace("country,PK", "asn,AS1") + series(12), 1)
    assert "No all-clear for Pakistan; AS1:" in said


def test_of_what_netvigil_counts_itself_the_signal_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("198.51.100.0/24", "PK")]))
    (tmp_path / "messages.ndjson").write_text(ANNOUNCED % END)
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "messages.ndjson")], catch_exceptions=False)
    assert "No all-clear for bgp.ris, bgp.ris6: less than two days of values, from 2024-02-08 00:00 UTC on" in " ".join(
        done.stdout.split()
    )


def test_a_signal_that_came_late_is_named_where_others_reach_further_back(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(72) + series(12, signal="traffic.radar"))
    assert "No all-clear for traffic.radar of Pakistan:" in said


def test_a_table_that_was_given_up_is_no_all_clear(tmp_path: Path) -> None:
    rows = series(72) + "2024-02-08T00:00:00Z,Trafic,country,PK,1\n" * 10_000 + series(1)
    said = replayed(tmp_path, rows, 1)
    assert "and 9,999 more such" in said
    assert "Gave up at line 10433 of signals.csv: 10,000 damaged rows" in said
    assert "the last row used is of 2024-02-07T23:50:00Z" in said
    assert "no all-clear" in said
    (told,) = json.loads(replayed(tmp_path, rows, 1, "--json"))["given_up"]
    assert (told["reason"], told["place"]) == ("too-damaged", "line 10433 of signals.csv")


def test_a_series_that_is_refused_by_its_name_is_no_all_clear(tmp_path: Path) -> None:
    rows = series(72) + series(2, signal="Trafic")
    said = replayed(tmp_path, rows, 1)
    assert "12 rows were refused by the names of their series. A series that was not read may hold an outage" in said
    assert json.loads(replayed(tmp_path, rows, 1, "--json"))["refused"] == 12
    worn = series(72).replace("100\n", "many\n", 1)
    assert "refused" not in replayed(tmp_path, worn), "one damaged row of a series that is read"


def test_two_values_of_one_bin_are_told(tmp_path: Path) -> None:
    rows = series(72)
    said = replayed(tmp_path, rows + rows.splitlines()[7].replace("100", "90") + "\n")
    assert "overruled at 2024-02-05T01:10:00Z in probing.ioda of country PK" in said
    assert "433 records read" in said
    assert "432 used, 0 late, 1 dead" in said


def test_a_table_that_breaks_off_within_a_row_is_no_all_clear(tmp_path: Path) -> None:
    whole = series(72)
    said = replayed(tmp_path, whole[:-20], 1)
    assert "Gave up at line 433 of signals.csv: the last line has no end, as where a file breaks off: not used" in said
    assert said.startswith("Gave up"), "not below outages that may be wrong"
    (told,) = json.loads(replayed(tmp_path, whole[:-20], 1, "--json"))["given_up"]
    assert told["reason"] == "truncated-line"
    assert "Gave up" not in replayed(tmp_path, whole[:-20] + "\n" + series(72), 0)
    assert "Gave up at line 433" in replayed(tmp_path, whole.rstrip("\n"), 1)


def test_what_is_still_out_by_a_signal_that_is_no_longer_observed_says_so(tmp_path: Path) -> None:
    back = series(72, low=range(9, 21), signal="probing.ioda")
    radar = series(72, low=range(21), signal="traffic.radar")
    said = replayed(tmp_path, back + without(radar, 18, 0), 1)
    assert (
        "* End: still out, as far as is known: Pakistan. Its signals were last observed: traffic.radar until "
        "2024-02-07" in said
    )
    assert "still out, as" not in replayed(tmp_path, back + radar)
    ended = series(72, low=range(9, 21), signal="traffic.radar")
    assert "still out, as" not in replayed(tmp_path, back + without(ended, 4, 0), 1)


KIN = {("asn", name): Entity("asn", name, "PK", mobile, title)
       for name, mobile, title in (("AS1", True, "Zong"), ("AS2", False, "PTCL"))}  # fmt: skip


def out(entity_type: str, entity: str, kind: str = "mobile", routes: float = -0.5) -> Outage:
    terms = (Term("bgp.ris", 0.998, 0.1, routes, 1.0), Term("traffic.radar", 0.3, -9.0, 7.0, 1.0))
    return Outage(entity, entity_type, entity, "ended", kind, "replay", 0, 60, 0, 0, 0.9, 0.7, terms, 1)


def test_what_makes_a_shutdown_a_mobile_one_is_said_of_its_own_networks() -> None:
    found = [out("country", "PK"), out("asn", "AS1")]
    assert list(why_mobile(found, KIN)) == [
        "mobile: of the networks of Pakistan in the recording only mobile ones were out, while PTCL, AS2 stayed up. "
        "Not low: routes (bgp.ris) at 100% of usual."
    ]
    (fell,) = why_mobile([out("country", "PK", routes=5.0), out("asn", "AS1"), out("asn", "AS2")], KIN)
    assert fell == "mobile: of the networks of Pakistan in the recording only mobile ones were out."
    assert not list(why_mobile([out("country", "PK", "blackout")], KIN))


def test_what_is_out_of_no_known_kind_is_said_to_be_out_all_the_same() -> None:
    state = structs.replace(out("region", "PK-Sindh", "unknown"), start=60)
    other = structs.replace(out("region", "PK-Punjab", "unknown"), confirmed_at=None, state="suspected")
    assert list(what_kinds([state, other, out("country", "PK", "unknown"), out("asn", "AS1")], {})) == [
        "unknown: connectivity is down, and no routes were seen that would say how: Pakistan; PK-Sindh (Pakistan)."
    ]
    assert not list(what_kinds([other, out("asn", "AS1")], {}))


def test_a_network_that_was_suspected_meanwhile_is_not_said_to_have_stayed_up() -> None:
    country, zong = (structs.replace(out(*e), start=3600, end=7200) for e in (("country", "PK"), ("asn", "AS1")))
    suspected = structs.replace(out("asn", "AS2"), confirmed_at=None, state="suspected", start=4000, end=None)
    retracted = structs.replace(suspected, state="retracted", end=5000)
    for other in (suspected, retracted, structs.replace(suspected, start=0)):
        (said,) = why_mobile([country, zong, other], KIN)
        assert "stayed up" not in said
    for start, end in ((0, 3600), (7200, 9000)):  # before and after it
        (said,) = why_mobile([country, zong, structs.replace(retracted, start=start, end=end)], KIN)
        assert "PTCL, AS2 stayed up" in said


def test_networks_that_were_only_suspected_are_not_said_to_have_been_out() -> None:
    zong = structs.replace(out("asn", "AS1"), confirmed_at=None, state="retracted")
    (said,) = why_mobile([out("country", "PK"), zong], KIN)
    assert "only mobile ones are suspected to have been out, while PTCL, AS2 stayed up" in said


def test_the_words_of_the_table_and_how_exact_its_times_are_stand_below_it(tmp_path: Path) -> None:
    said = replayed(tmp_path, series(72, low=range(2, 13)))
    assert "lost: how far the signals that fell were below their usual at the worst; it is no share of people. " in said
    assert "Times are the starts of bins of 10 minutes." in said


@pytest.mark.parametrize(
    ("widths", "said"),
    [
        ((300, 1800), "5 to 30 minutes"),
        ((600, 3600), "10 to 60 minutes"),
        ((3600,), "1 hour"),
        ((3600, 21600), "1 to 6 hours"),
    ],
)
def test_bins_of_hours_are_told_in_hours(widths: tuple[int, ...], said: str) -> None:
    past = Past({("bgp.ris", "country", str(width)): Span(0, 86_400, width) for width in widths})
    assert how_to_read(past).endswith(f" Times are the starts of bins of {said}.")


def test_where_nothing_at_all_was_judged_the_replay_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = "Nothing was observed well enough to be judged: no outage found means nothing here."
    assert nothing in replayed(tmp_path, series(6), 1)
    assert nothing not in replayed(tmp_path, series(24), 1)
    assert nothing not in replayed(tmp_path, series(25))
    monkeypatch.setattr(pipeline.signals, "places", lambda: Places.of([("198.51.100.0/24", "PK")]))
    (tmp_path / "messages.ndjson").write_text(ANNOUNCED % END)
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "messages.ndjson"), "--json"], catch_exceptions=False)
    assert (done.exit_code, json.loads(done.stdout)["judged"]) == (1, 0)


def test_a_replay_of_which_every_row_is_dead_fails(tmp_path: Path) -> None:
    assert "1 dead" in replayed(tmp_path, "soon,bgp.ris,country,PK,1\n", 1)


def test_a_table_of_a_header_only_fails(tmp_path: Path) -> None:
    said = replayed(tmp_path, "", 1)
    assert "0 records read" in said
    assert "Nothing was observed well enough to be judged" in said


def test_lines_of_the_entities_to_which_no_row_belongs_are_told(tmp_path: Path) -> None:
    (tmp_path / "entities.csv").write_text("entity_type,entity,parent,name,mobile\nasn,59257,PK,Zong,yes\n")
    assert "No row of the table is about asn 59257 of " in replayed(tmp_path, series(72))
    (told,) = json.loads(replayed(tmp_path, series(72), 0, "--json"))["unmatched"]
    assert (told["entity_type"], told["entity"]) == ("asn", "59257")
