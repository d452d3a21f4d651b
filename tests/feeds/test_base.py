"""Batches are joined: a feed that gives a row at a time sends as few messages as one that gives a day at once."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from pipeline.bins import DAY
from pipeline.errors import DecodeError
from pipeline.feeds import Dispatch, Item, chunks
from pipeline.feeds.base import batched
from pipeline.feeds.timestamps import BATCH, STRIDE
from pipeline.records import Elements, Peer, Rows, Run
from tests.replay.tapes import mosaic
from tests.signals.synthetic_bgp import Element, elements

SERIES = mosaic(days=3)
SIGNALS = tuple(sorted(rows.signal for rows in SERIES))


def one_by_one(series: list[Rows]) -> Iterator[Rows]:
    """Every row a batch, in order of time, the series taking turns."""
    order = sorted((int(t), n, i) for n, rows in enumerate(series) for i, t in enumerate(rows.time))
    for _, n, i in order:
        row = series[n].take(np.array([i]))
        yield replace(row, entities=(row.entities[row.entity[0]],), entity=np.zeros(1, np.int32))


def sent(items: Iterator[Item]) -> list[object]:
    return list(Dispatch(Run("r", "replay", SIGNALS), "table", SIGNALS).frames(items))


def test_rows_one_by_one_take_the_messages_of_a_table():
    at_once, joined = sent(chunks(SERIES)), sent(batched(one_by_one(SERIES), DAY))
    assert len(joined) == len(at_once)
    assert len(sent(one_by_one(SERIES))) > 50 * len(at_once)


def test_what_is_joined_is_every_row_of_every_entity():
    def cells(batches: Iterator[Item]) -> set[tuple]:
        return {
            (b.signal, b.entities[e], t, v)
            for b in batches if isinstance(b, Rows)
            for e, t, v in zip(b.entity.tolist(), b.time.tolist(), b.value.tolist(), strict=True)
        }  # fmt: skip

    assert cells(batched(one_by_one(SERIES), DAY)) == cells(iter(SERIES))


def test_series_of_several_grids_are_not_joined():
    row = next(one_by_one(SERIES))
    other = replace(row, width=2 * row.width)
    assert [batch.width for batch in batched([row, other, row], DAY)] == [row.width, other.width]


@pytest.mark.parametrize("span", [60, DAY])
def test_elements_are_joined_for_five_minutes_at_most(span: int):
    peer = Peer(64500, "192.0.2.1")
    heard = [elements([Element(t, "announce", peer, "10.0.0.0/8", 64510)]) for t in range(0, 1200, 10)]
    found = [batch for batch in batched(heard, span) if isinstance(batch, Elements)]
    assert [len(batch) for batch in found] == [min(span, STRIDE) // 10] * (1200 // min(span, STRIDE))


def test_damage_comes_after_what_was_read_before_it_and_is_never_lost():
    row, bad = next(one_by_one(SERIES)), DecodeError("lines", "bad-row", "line 2")
    later = replace(row, time=row.time + DAY)
    assert [isinstance(item, DecodeError) for item in batched([bad, row, bad, row, bad, later, bad], DAY)] == [
        True, False, True, True, False, True,
    ]  # fmt: skip
    assert len(list(batched([bad] * (BATCH + 1), DAY))) == BATCH + 1
