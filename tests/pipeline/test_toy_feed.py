"""A feed that somebody writes tomorrow, a row at a time and with no care: what is kept for it by whoever reads it."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from typer.testing import CliRunner

import pipeline.signals
from pipeline.__main__ import app
from pipeline.errors import DecodeError
from pipeline.feeds import FEEDS
from pipeline.feeds.base import Feed, Item
from pipeline.records import Bins, Entity, Rows, Run
from pipeline.signals.series import Series

T0, STEP = 1_700_006_400, 900
NAMES = ("PK", "IQ", "US")


def read(stream: BinaryIO) -> Iterator[Item]:
    """``time signal country value`` a line."""
    for line in stream:
        time, signal, country, value = line.decode().split()
        cells = np.array([int(time)]), np.zeros(1, np.int32), np.array([float(value)])
        yield Rows(Run(), "toy", 0, signal, STEP, (), 0, (Entity("country", country, country),), *cells)


TOY = Feed("toy", ("traffic.radar", "ooni.whatsapp"), lambda name, head: name.endswith(".toy"), read)

Line = tuple[int, str, str, float]

Replayed = Callable[[list[Line]], tuple[int, dict]]


def text(lines: list[Line]) -> bytes:
    return "".join(f"{time} {signal} {country} {value}\n" for time, signal, country, value in lines).encode()


def items(lines: list[Line]) -> list[Item]:
    return list(TOY.items(io.BytesIO(text(lines))))


def values(found: list[Item]) -> list[float]:
    return [float(value) for item in found if isinstance(item, Rows) for value in item.value]


@pytest.fixture
def replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replayed:
    """The exit code of a replay of such lines, and what it says as JSON."""
    monkeypatch.setitem(FEEDS, "toy", TOY)
    monkeypatch.setitem(pipeline.signals.SIGNALS, "toy", pipeline.signals.SIGNALS["table"])

    def replay(lines: list[Line]) -> tuple[int, dict]:
        (tmp_path / "x.toy").write_bytes(text(lines))
        done = CliRunner().invoke(app, ["replay", str(tmp_path / "x.toy"), "--json"], catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    return replay


@pytest.mark.parametrize(
    ("signal", "given", "taken"),
    [
        ("ooni.whatsapp", (0.0, 1.0, 0.5), (0.0, 1.0, 0.5)),
        ("ooni.whatsapp", (0.9, 1000.0, 1.0001), (0.9, np.nan, np.nan)),
        ("traffic.radar", (1000.0, -1.0, np.inf, -np.inf, np.nan), (1000.0, np.nan, np.nan, np.nan, np.nan)),
    ],
)
def test_a_value_that_its_signal_cannot_have_is_not_observed(
    signal: str, given: tuple[float, ...], taken: tuple[float, ...]
) -> None:
    found = items([(T0 + STEP * i, signal, "PK", value) for i, value in enumerate(given)])
    np.testing.assert_array_equal(values(found), taken)


def test_nor_is_one_that_comes_from_elsewhere_than_a_recording() -> None:
    series = Series(Run(), "toy", 0)
    (rows,) = read(io.BytesIO(text([(T0, "ooni.whatsapp", "PK", 1000.0)])))
    assert isinstance(rows, Rows)
    assert series.add(rows) is None
    (bins,) = series.close(T0 + STEP)
    assert isinstance(bins, Bins)
    assert np.isnan(bins.value).all()
    assert bins.health.tolist() == [[0.0]]


def test_a_signal_of_no_kind_that_is_known_is_damage() -> None:
    lines = [(T0, "trafic.radar", "PK", 7.0), (T0, "traffic.radar", "PK", 8.0), (T0, "traffic", "PK", 9.0)]
    found = items(lines)
    assert values(found) == [8.0]
    assert [str(item) for item in found if isinstance(item, DecodeError)] == [
        "toy: bad-signal at records 1 to 1: trafic.radar",
        "toy: bad-signal at records 3 to 3: traffic",
    ]


def outage(signal: str, level: float) -> list[Line]:
    """Three days of a series in three countries, at the end of which one is gone for four hours."""
    rng = np.random.default_rng(1)
    lines = []
    for i in range(3 * 96):
        for name in NAMES:
            gone = name == "PK" and 3 * 96 - 20 <= i < 3 * 96 - 4
            lines.append((T0 + STEP * i, signal, name, 0.0 if gone else level * (1 + 0.01 * rng.standard_normal())))
    return lines


def test_values_in_another_unit_make_no_outage_and_no_all_clear(replayed: Replayed) -> None:
    code, said = replayed(outage("traffic.radar", 1000.0))
    assert (code, len(said["outages"])) == (0, 1)
    code, said = replayed(outage("ooni.whatsapp", 1000.0))
    assert (code, said["outages"]) == (1, [])
