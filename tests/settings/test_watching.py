"""The file of a watch: what it asks for, the days that it names, and mistakes in one sentence."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.geo.countries import checked_day
from pipeline.settings import Calendar, Settings
from pipeline.settings.watching import Watch, countries, read_watches, services, with_days

EXAMPLES = sorted((Path(__file__).parents[2] / "watches").glob("*-20*.toml"))
WINDOW = "start = 2024-02-08T08:00:00\nend = 2024-02-08T17:00:00\nzone = 'Asia/Karachi'\n"
EVE = datetime(2024, 2, 7, tzinfo=UTC).timestamp()


def written(folder: Path, text: str) -> Path:
    path = folder / "watch.toml"
    path.write_text(text)
    return path


def test_a_file_says_where_when_and_what_is_watched(tmp_path: Path) -> None:
    text = f"[[watch]]\ncountry = 'PK'\n{WINDOW}day = 'election'\nservices = ['tor']\n[[watch]]\ncountry = 'IQ'"
    watches, over = read_watches(written(tmp_path, text), EVE)
    assert (countries(watches), services(watches), over) == (("PK", "IQ"), ("tor",), [])
    assert with_days(Settings(), watches).calendar.days == {"PK 2024-02-08": "election"}
    own = Settings(calendar=Calendar({"PK 2024-02-08": "protest"}))
    assert with_days(own, watches) == own
    assert [watch.is_on(EVE) for watch in watches] == [False, True]


def test_exams_have_no_published_factor(tmp_path: Path) -> None:
    watches, _ = read_watches(written(tmp_path, f"[[watch]]\ncountry = 'PK'\n{WINDOW}day = 'exams'"), EVE)
    assert with_days(Settings(), watches) == Settings()
    assert watches[0].days() == ["PK 2024-02-08"]


def test_a_watch_that_expired_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, f"[[watch]]\ncountry = 'PK'\nname = 'Vote'\n{WINDOW}[[watch]]\ncountry = 'IQ'")
    watches, over = read_watches(path, EVE + 30 * 86400)
    assert [watch.country for watch in watches] == ["IQ"]
    assert over == [f"{path}: the watch of PK, Vote expired on 2024-02-15: it is left out"]
    path = written(tmp_path, f"[[watch]]\ncountry = 'PK'\n{WINDOW}expires = 2024-02-12")
    said = "expired on 2024-02-12: it is left out; nothing is left to watch: set expires to a day to come"
    with pytest.raises(UserError, match=f"{said}$"):
        read_watches(path, EVE + 30 * 86400)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "wanted one or more tables [[watch]]"),
        ("[watch]\ncountry = 'PK'", "wanted one or more tables [[watch]]"),
        ("[[watches]]\ncountry = 'PK'", "there is no table 'watches', only [[watch]]"),
        ("[[watch]]\nname = 'x'", 'watch 1: country = "": wanted a country by its code of ISO 3166, as PK'),
        ("[[watch]]\ncountry = 'UK'", 'watch 1: country = "UK": wanted a country by its code of ISO 3166'),
        ("[[watch]]\ncountry = 'PK'\n[[watch]]\ncuontry = 'PK'", "watch 2: there is no 'cuontry', only country, name"),
        ("[[watch]]\ncountry = 'PK'\nnetworks = ['AS1', '59257']", 'watch 1: networks = "59257": wanted AS and a numb'),
        ("[[watch]]\ncountry = 'PK'\nservices = 'tor'", 'watch 1: services = "tor": wanted a list, got str'),
        ("[[watch]]\ncountry = 'PK'\nday = 'election'", "watch 1: day needs a window: start and end are missing"),
        (f"[[watch]]\ncountry = 'PK'\n{WINDOW}day = 'x'", 'day = "x": wanted one of election, protest, coup, exams'),
        ("[[watch]]\ncountry = 'PK'\nstart = 2024-02-08T08:00:00", "watch 1: end is missing: a window has both"),
        ("[[watch]]\ncountry = 'PK'\nstart = 2024-02-08T08:00:00Z", "wanted datetime with no timezone component"),
        ("[[watch]]\ncountry = 'PK'\nstart = 2024-02-08", 'start = "2024-02-08": wanted datetime, got date'),
        (f"[[watch]]\ncountry = 'PK'\n{WINDOW.replace('17:', '07:')}", "end = 2024-02-08 07:00:00 is not after start"),
        (f"[[watch]]\ncountry = 'PK'\n{WINDOW.replace('Karachi', 'Lahore')}", "there is no such IANA zone, as Asia/"),
        (f"[[watch]]\ncountry = 'PK'\n{WINDOW.replace('Karachi', 'Dhaka')}", "that is no clock of PK (Asia/Karachi)"),
        (f"[[watch]]\ncountry = 'PK'\n{WINDOW.partition('zone')[0]}", "zone is missing: start and end are local times"),
        (f"[[watch]]\ncountry = 'PK'\n{WINDOW}expires = 2024-02-08", "is not after the window's last day, 2024-02-08"),
        ("[[watch]]\ncountry = 'PK'\nmobile = ['AS1']\nnetworks = ['AS2']", 'mobile = "AS1": it is none of the netw'),
    ],
)
def test_a_mistake_is_one_sentence_that_names_key_value_and_place(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError, match=re.escape(said)) as error:
        read_watches(path, EVE)
    assert str(error.value).startswith(f"{path}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_elections_with_a_source(path: Path) -> None:
    (watch,), _ = read_watches(path, 0)
    assert watch.day == "election"
    assert watch.window is not None
    assert [watch.is_on(time) for time in watch.window] == [True, True]
    assert all(checked_day(day) for day in watch.days())
    assert "Source" in path.read_text()


def test_a_country_alone_is_watched_until_told_otherwise() -> None:
    watch = Watch("PK")
    assert (watch.window, watch.is_on(EVE), watch.days()) == (None, True, [])
