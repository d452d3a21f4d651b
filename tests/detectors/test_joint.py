"""Groups of entities that are judged as one: each is told, and keeps, what it would apart."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from detectors import REGISTRY
from detectors.base import AnyDetector, Verdict
from detectors.history import CHUNK, History, joint_history, parted_history, plain, times_of
from detectors.state import extend, in_common, joint, pack, parted
from tests.detectors.lives import cut, eventful, neighbours, pick, same, weeks

BY_NAME = [REGISTRY[name]("probing.synthetic") for name in sorted(REGISTRY)]


@pytest.mark.parametrize("detector", BY_NAME, ids=lambda detector: detector.name)
def test_groups_do_not_interact(detector: AnyDetector) -> None:
    begin, twice = 72 * weeks(detector), list(range(6))
    for series, groups in ((eventful(detector, n=5), ([0, 1, 2], [3, 4])), (neighbours(detector), (twice, twice))):
        apart = [detector.init(len(group)) for group in groups]
        whole = list(apart)
        order = [i for group in groups for i in group]
        for start, end in pairwise((0, 7, begin + 30, begin + 31, begin + 160, len(series.t))):
            t, x, context = series.t[start:end], series.x[start:end], cut(series.context, start, end)
            told = [detector.run(x[:, g], t, pick(context, g), s) for g, s in zip(groups, apart, strict=True)]
            apart = [state for state, _ in told]
            state, verdict = detector.run(x[:, order], t, pick(context, order), joint(whole))
            whole, at = parted(state, whole), 0
            for one, (own, said), group in zip(whole, told, groups, strict=True):
                same(Verdict(*(a[:, at : at + len(group)] for a in verdict)), said)
                at += len(group)
                kept = pack(own)
                for name, array in pack(one).items():
                    np.testing.assert_array_equal(array, kept[name], name)
                    assert array.dtype == kept[name].dtype, name


@pytest.mark.parametrize("detector", BY_NAME, ids=lambda detector: detector.name)
def test_what_differs_is_not_in_common(detector: AnyDetector) -> None:
    series, end = eventful(detector, n=2), 72 * weeks(detector) + 150
    full, _ = detector.run(series.x[:end], series.t[:end], cut(series.context, 0, end))
    assert in_common(full) == in_common(replace(full))
    assert in_common(full) != in_common(replace(full, last=full.last - 1))
    has_past = any(isinstance(value, History) for value in vars(full).values())
    assert (in_common(extend(full, 1)) is None) == has_past


def test_pasts_of_other_times_are_not_in_common_and_who_came_later_stays_unknown() -> None:
    def past(n: int, times: range, later: int = 0) -> History:
        told = History()
        for t in times:
            m = n if t >= later else 1
            told = told.push(t, np.full(m, t + 0.5), np.full(m, -1.0), np.arange(m) == t % 3)
        return told

    few, many, gap = (
        past(2, range(3 * CHUNK // 2)),
        past(3, range(3 * CHUNK // 2), 70),
        past(2, range(3 * CHUNK // 2 + 1)),
    )
    assert times_of(few) == times_of(many) != times_of(gap)
    assert times_of(few.forget(80)) != times_of(few)
    whole = joint_history([few, many], [2, 3])
    since, until = plain(5).since, np.full(5, 1000)
    for view in (plain(5), plain(5)._replace(until=until)):
        for position in range(whole.end):
            own = [view._replace(since=since[:n], until=view.until[:n]) for n in (2, 3)]
            each = [few.read(position, own[0]), many.read(position, own[1])]
            np.testing.assert_array_equal(whole.read(position, view), np.concatenate(each))
    for one, rows in ((few, slice(0, 2)), (many, slice(2, 5))):
        for name, array in parted_history(whole.forget(80), one, rows).pack(rows.stop - rows.start).items():
            np.testing.assert_array_equal(array, one.forget(80).pack(rows.stop - rows.start)[name], name)
