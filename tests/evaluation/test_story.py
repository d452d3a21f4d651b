"""What is told of labels and outages: the sentences beside the pictures, and the remarks below the tables."""

from pathlib import Path

import pytest

from pipeline.codec import iso
from pipeline.evaluation.accounting import ONSET
from pipeline.evaluation.command import as_json
from pipeline.evaluation.phrases import NONE, remarks
from pipeline.evaluation.runs import Judged
from pipeline.evaluation.story import Story, stories
from pipeline.evaluation.tables import COLUMNS, case_lines
from tests.evaluation.made import BACK, BEGIN, FALL, STEP, between, case, judged, label

SPAN = f"{iso(FALL)},{iso(BACK)}"


def story(folder: Path) -> Story:
    (told,) = stories(judged(folder)[0])
    return told


def said(story: Story, begin: str) -> list[str]:
    return [sentence for sentence in story.sentences if sentence.startswith(begin)]


def missed(ours: Judged) -> list[str]:
    """Why labels were missed, as the remarks have it."""
    return [remark.partition(" UTC: ")[2] for remark in remarks(ours) if remark.startswith("missed: ")]


def test_a_story_tells_what_was_expected_what_was_seen_and_why_it_was_called_out(tmp_path: Path) -> None:
    told = story(case(tmp_path / "dark", left=0.3))
    assert told.headline == (
        "Pakistan: labelled (shutdown), 3 h from Thu 8 Feb 2024, 00:00 UTC. Called out 10 min after its start, and "
        "back at its end."
    )
    when, seen, because, like = told.sentences
    assert when == "Ours: 2024-02-08 00:00 – 03:00 UTC, confirmed 00:10."
    assert seen == (
        "Seen when it was lowest, of what was expected: routes (bgp.ioda) 1,500 of 5,000 (30%); "
        "probes (probing.ioda) 900 of 3,000 (30%)."
    )
    assert because.startswith("Called out as blackout (half of it down or more, and routes fell too) because of ")
    assert "routes (bgp.ioda) at 30% of usual (+" in because
    assert because.endswith(": together >99% sure.")
    assert like.startswith("Looks like a shutdown: likely (+1.3): +0.6 it lasted three hours or more (SIGCOMM 2023, ")
    assert told.window.start < FALL < told.window.end
    assert told.label is not None


def test_an_outage_that_is_still_open_has_no_end(tmp_path: Path) -> None:
    (ours,) = judged(between(case(tmp_path / "open", left=0.3), last=FALL + 2 * 3600))
    (told,) = stories(ours)
    assert "still out when the recording ended, Thu 8 Feb 2024, 02:00 UTC" in told.headline
    assert told.sentences[0] == "Ours: 2024-02-08 00:00 UTC on, confirmed 00:10."
    (answer,) = ours.account.answers
    assert (answer.open, answer.met) == (True, True)
    ((_, cells),) = case_lines(ours)
    line = dict(zip(COLUMNS, cells, strict=True))
    assert (line["met"], line["onset"], line["end"], line["cover"]) == ("1/1", "0", NONE, "100%")
    assert '"median_end_error":null' in as_json([ours])


@pytest.mark.xfail(reason="its onset is dated in the first bin that says anything")
def test_an_onset_that_was_not_observed_is_told_and_counts(tmp_path: Path) -> None:
    (ours,) = judged(between(case(tmp_path / "new", left=0.3), first=FALL - 3600))
    begin = "not exactly dated, but counted in the table as it stands: our onset for the label country/PK, 2024-02-08"
    assert [remark.startswith(begin) for remark in remarks(ours)].count(True) == 1
    assert "(not exactly known)" in next(stories(ours)).sentences[0]
    (answer,) = ours.account.answers
    assert (answer.undated, answer.met) == ((ONSET,), True)
    assert f'"undated":["{ONSET}"]' in as_json([ours])


def test_a_label_that_could_not_be_judged_has_its_reason(tmp_path: Path) -> None:
    folder = case(tmp_path / "case", labelled=False, left=1.0)
    with (folder / "signals.csv").open("a") as table:
        for time in range(BEGIN, FALL + 43200, STEP):
            table.write(f"{iso(time)},probing.ioda,country,IQ,{time // STEP % 3}\n")
            table.write(f"{iso(time)},probing.ioda,country,SY,{'' if FALL <= time < BACK else 3000}\n")
    later, first = "2024-03-08T00:00:00Z,2024-03-08T03:00:00Z", "2024-02-06T00:00:00Z,2024-02-06T00:50:00Z"
    label(folder, f"{SPAN},country,PL", f"{later},country,PK", f"{SPAN},country,IQ", f"{SPAN},country,SY")
    (ours,) = judged(folder)
    assert missed(ours) == [
        "none of its signals was low then", "no row tells of it",
        "it was not observed then", "it is not of the time of the recording",
    ]  # fmt: skip
    for told, reason in zip(stories(ours), missed(ours), strict=True):
        assert f"Not called out: {reason}." in told.sentences
    assert missed(judged(label(folder, f"{first},country,PK"))[0]) == [
        "nothing is said of a series before it has a past"
    ]


def test_a_country_of_too_few_regions_cannot_be_judged(tmp_path: Path) -> None:
    folder = label(case(tmp_path / "parts", "PK-SD", kind="region"), f"{SPAN},country,PK")
    (ours,) = judged(folder)
    (told,) = stories(ours)
    assert missed(ours) == ["it has no series of its own, and only 1 region known"]
    assert ours.readings[0].refused_labels == 1
    assert told.is_of_parts
    assert told.sentences[0].startswith("It has no series of its own; of the 1 region that has, 1 was clearly low; ")


def test_a_false_outage_and_a_quiet_control_have_a_story_too(tmp_path: Path) -> None:
    assert "called out falsely" in story(case(tmp_path / "false", labelled=False)).headline
    assert "Rightly not called out." in story(case(tmp_path / "quiet", labelled=False, left=1.0)).headline
    new = between(case(tmp_path / "new", labelled=False), last=BEGIN + 3 * STEP)
    assert "no outage, and none was called out" in story(new).headline
