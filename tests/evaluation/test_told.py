"""What is said of labels: over or not, and why one could not be hit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.codec import iso
from pipeline.evaluation.accounting import ONSET
from pipeline.evaluation.command import as_json
from pipeline.evaluation.figures import is_new
from pipeline.evaluation.phrases import NONE, remarks
from pipeline.evaluation.runs import FUSED, OURS
from pipeline.evaluation.story import stories
from pipeline.evaluation.tables import COLUMNS, Total, case_lines
from tests.evaluation.made import BACK, BEGIN, END, FALL, LABELS, STEP, case
from tests.evaluation.test_lanes import since
from tests.evaluation.test_report import judged, key


def cut(folder: Path, last: int) -> Path:
    """Only the rows before a time [s]."""
    table = folder / "signals.csv"
    lines = table.read_text().splitlines()
    table.write_text("".join(f"{line}\n" for line in lines if not line[0].isdigit() or line[:20] < iso(last)))
    return folder


def test_of_what_is_still_out_at_the_end_nobody_says_that_it_is_over(tmp_path: Path) -> None:
    end = FALL + 2 * 3600
    (ours,) = judged(cut(case(tmp_path / "open", left=0.3), end))
    (told,) = stories(ours)
    assert "still out when the recording ended, Thu 8 Feb 2024, 02:00 UTC" in told.headline
    assert told.sentences[0] == "Ours: 2024-02-08 00:00 UTC on, confirmed 00:10."
    assert ", over " not in told.headline
    (answer,) = ours.readings[0].account.answers
    assert answer.open
    assert answer.met
    assert "but not as exactly" not in told.headline
    ((_, cells),) = case_lines(ours)
    line = dict(zip(COLUMNS, cells, strict=True))
    assert (line["met"], line["onset"], line["end"], line["cover"]) == ("1/1", "0", NONE, "100%")
    assert Total(OURS, FUSED, ours.readings).middle("end_error") is None
    assert '"end_error":null' in as_json([ours])
    assert not judged(case(tmp_path / "ended", left=0.3))[0].readings[0].account.answers[0].open


def test_of_an_onset_that_cannot_be_dated_it_is_said_that_it_counts_as_it_stands(tmp_path: Path) -> None:
    (old,) = judged(case(tmp_path / "old", left=0.3))
    (young,) = judged(since(case(tmp_path / "young", left=0.3), FALL - DAY))
    said = (
        "not exactly dated, but counted in the table as it stands: our onset for the label country/PK, 2024-02-08 00:"
    )
    assert [remark.startswith(said) for remark in remarks(young)].count(True) == 1
    assert not any(remark.startswith(said[:20]) for remark in remarks(old))
    assert ["(not exactly known)" in next(stories(one)).sentences[0] for one in (old, young)] == [False, True]
    (dated,), (undated,) = (one.readings[0].account.answers for one in (old, young))
    assert (dated.undated, undated.undated, undated.met) == ((), (ONSET,), True)
    assert f'"undated":["{ONSET}"]' in as_json([young])


def test_a_country_that_networks_alone_show_is_called_so(tmp_path: Path) -> None:
    folder = case(tmp_path / "networks")
    rows = (folder / "signals.csv").read_text().splitlines()
    more = [row.replace('country,"PK"', f"asn,AS{i}") for i in range(6) for row in rows[1:]]
    (folder / "signals.csv").write_text("".join(f"{row}\n" for row in [rows[0], *more]))
    said = "Pakistan is called out by networks alone, 6 of them: how much of it they are nobody knows."
    assert "6 networks that fell belong to no country" in "; ".join(remarks(judged(folder)[0]))
    lines = "".join(f"asn,AS{i},PK,,\n" for i in range(6))
    (folder / "entities.csv").write_text("entity_type,entity,parent,name,mobile\n" + lines)
    (ours,) = judged(folder)
    assert said in list(remarks(ours))
    assert not [remark for remark in remarks(ours) if remark.startswith("No row of the table")]
    (folder / "entities.csv").write_text("entity_type,entity,parent,name,mobile\nasn,AS99,PK,,\n" + lines)
    assert any(remark.startswith("No row of the table is about asn AS99 of ") for remark in remarks(judged(folder)[0]))
    assert ours.readings[0].account.met == 1
    (told,) = stories(ours)
    assert told.sentences[1].startswith(
        "It has no series of its own; of the 6 networks that have, 6 were clearly low; "
    )


@pytest.mark.parametrize(
    ("label", "why"),
    [
        ("2021-02-08T00:00:00Z,2021-02-08T06:00:00Z", "it is not of the time of the recording"),
        ("2024-02-05T01:00:00Z,2024-02-05T06:00:00Z", "nothing is confirmed in a series' first day"),
    ],
)
def test_why_a_label_could_not_be_hit_is_said(tmp_path: Path, label: str, why: str) -> None:
    folder = case(tmp_path / "case")
    rows = (folder / "signals.csv").read_text().splitlines()
    first = min(line[:20] for line in rows[1:])
    (folder / "labels.csv").write_text(LABELS + label.replace("2024-02-05", first[:10]) + ",country,PK,shutdown,made\n")
    missed = [said for said in remarks(judged(folder)[0]) if said.startswith("missed: ")]
    assert len(missed) == 1
    assert missed[0].endswith(f" UTC: {why}")


def test_of_what_nothing_could_be_said_it_is_told_which_of_the_reasons_it_was(tmp_path: Path) -> None:
    folder, silent = case(tmp_path / "case", labelled=False, left=1.0), "Nothing was said of it: "
    with (folder / "signals.csv").open("a") as table:
        for time in range(BEGIN, END, STEP):
            table.write(f"{iso(time)},probing.ioda,country,IQ,{time // STEP % 3}\n")
            table.write(f"{iso(time)},probing.ioda,country,SY,{'' if FALL <= time < BACK else 3000}\n")
    then, later = f"{iso(FALL)},{iso(BACK)}", "2024-03-08T00:00:00Z,2024-03-08T03:00:00Z"
    places = [f"{then},country,PL", f"{later},country,PK", f"{then},country,IQ", f"{then},country,SY"]
    (folder / "labels.csv").write_text(LABELS + "".join(f"{place},shutdown,made\n" for place in places))
    (ours,) = judged(folder)
    told = {story.headline.partition(":")[0]: story.sentences[-1] for story in stories(ours)}
    recorded = "Tue 6 Feb 2024, 00:00 UTC to Thu 8 Feb 2024, 12:00 UTC"
    assert told == {
        "Poland": f"{silent}no row tells of it.",
        "Pakistan": f"{silent}the recording is of another time, {recorded}.",
        "Iraq": f"{silent}the detector says nothing of values so small, or that stray so far.",
        "Syria": f"{silent}it was not observed then.",
    }
    missed = {sentence.partition(" UTC: ")[2] for sentence in remarks(ours) if sentence.startswith("missed: ")}
    assert missed == {
        "no row tells of it", "it is not of the time of the recording",
        "the detector says nothing of values so small, or that stray so far", "it was not observed then",
    }  # fmt: skip
    nan = np.full_like(ours.traces[0].value, np.nan)
    mute = [replace(trace, expected=nan, score=nan, state=np.zeros_like(trace.state)) for trace in ours.traces]
    early = {story.headline.partition(":")[0]: story.sentences[-1] for story in stories(replace(ours, traces=mute))}
    assert early["Iraq"] == f"{silent}its past was too short to compare with."


def test_of_a_country_of_regions_nothing_is_guessed_of_a_time_that_is_not_in_the_recording(tmp_path: Path) -> None:
    folder = case(tmp_path / "parts", "PK-SD", kind="region", left=1.0)
    (folder / "labels.csv").write_text(LABELS + "2024-03-08T00:00:00Z,2024-03-08T03:00:00Z,country,PK,shutdown,x\n")
    (told,) = stories(judged(folder)[0])
    assert told.sentences[-1].startswith("Nothing was said of it: the recording is of another time, ")
    assert not any("cannot be judged" in said for said in told.sentences)


def test_a_first_day_is_drawn_as_too_new_to_judge_and_has_no_usual(tmp_path: Path) -> None:
    folder = case(tmp_path / "young", left=0.3)
    rows = (folder / "signals.csv").read_text().splitlines()
    young = [rows[0], *(row for row in rows[1:] if row >= iso(FALL - 20 * 3600))]
    (folder / "signals.csv").write_text("".join(f"{row}\n" for row in young))
    (told,) = stories(judged(folder)[0])
    new = is_new(told.traces[0])
    assert new.any()
    assert not new.all()
    assert "too new to judge" in key(told)
    assert "too new to judge" not in key(*stories(judged(case(tmp_path / "old", left=0.3))[0]))


@pytest.mark.parametrize(("hours", "told"), [(4, ["probes (probing.ioda) for 4 h, at 92%"]), (0, [])])
def test_what_looks_low_on_after_an_outage_is_told_with_it(tmp_path: Path, hours: int, told: list[str]) -> None:
    folder = case(tmp_path / "on", left=0.3)
    table = folder / "signals.csv"
    lines, after = table.read_text().splitlines(), (iso(BACK), iso(BACK + hours * 3600))
    low = [
        line.replace(",3000", ",2730") if after[0] <= line[:20] < after[1] and "probing" in line else line
        for line in lines
    ]
    table.write_text("\n".join(low) + "\n")
    (said,) = stories(judged(folder)[0])
    assert f"– {iso(BACK)[11:16]} UTC" in said.sentences[0]
    assert [s for s in said.sentences if s.startswith("Still low")] == [
        f"Still low after its end: {what} of what was expected." for what in told
    ]
