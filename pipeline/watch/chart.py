"""The last day of a signal as a drawing in SVG: value, usual band, outages.  Words stand beside it, in HTML."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pipeline.bins import DAY
from pipeline.watch.picture import Point

WIDE, HIGH = 960, 120
"""Size of the drawing [units]; the page stretches it."""

ROOM = 1.1
"""Height of the drawing, as a share of its largest value [-]."""


class Drawing(NamedTuple):
    """Paths of a drawing; ``shades``: left edge and width of each outage."""

    value: str
    band: str
    shades: tuple[tuple[float, float], ...]


def drawn(points: Sequence[Point], outages: Iterable[tuple[int, int]], now: int) -> Drawing:
    """The drawing of a day that ends at ``now`` [s]; ``outages``: onsets and ends [s].

    Examples
    --------
    >>> points = [Point(start, start + 43200, value, 50.0, 100.0, 200.0, 1, True)
    ...           for start, value in ((0, 100.0), (43200, math.nan))]
    >>> drawn(points, [(43200, 99999)], 86400)
    Drawing(value='M0 65.5H480', band='M0 92.7H960V10.9H0Z', shades=((480.0, 480.0),))
    """
    begin = now - DAY
    inside = [point for point in points if point.end > begin]
    most = ROOM * max((v for p in inside for v in (p.value, p.upper) if math.isfinite(v)), default=0.0) or 1.0
    shades = ((max(start, begin), min(end, now)) for start, end in outages)
    return Drawing(
        " ".join(_line(run, begin, most) for run in _runs(inside, "value")),
        " ".join(_band(run, begin, most) for run in _runs(inside, "lower", "upper")),
        tuple((_x(start, begin), round((end - start) * WIDE / DAY, 1)) for start, end in shades if end > start),
    )


def _runs(points: Iterable[Point], *names: str) -> Iterator[list[Point]]:
    """Stretches of bins that follow each other and have these values."""
    run: list[Point] = []
    for point in points:
        is_there = all(math.isfinite(getattr(point, name)) for name in names)
        if run and (not is_there or point.start != run[-1].end):
            yield run
            run = []
        if is_there:
            run.append(point)
    if run:
        yield run


def _line(run: Sequence[Point], begin: int, most: float) -> str:
    steps = _steps([p.value for p in run], [p.end for p in run], begin, most)
    return f"M{_x(run[0].start, begin):g} {steps.removeprefix('V')}"


def _band(run: Sequence[Point], begin: int, most: float) -> str:
    there = _steps([p.lower for p in run], [p.end for p in run], begin, most)
    back = _steps([p.upper for p in reversed(run)], [p.start for p in reversed(run)], begin, most)
    return f"M{_x(run[0].start, begin):g} {there.removeprefix('V')}{back}Z"


def _steps(values: Sequence[float], times: Sequence[int], begin: int, most: float) -> str:
    """A way along steps; what stays at its height is one step."""
    heights = [_y(value, most) for value in values]
    edges = [place for place in range(len(heights)) if heights[place : place + 1] != heights[place + 1 : place + 2]]
    return "".join(f"V{heights[place]:g}H{_x(times[place], begin):g}" for place in edges)


def _x(time: int, begin: int) -> float:
    return round(max(0, time - begin) * WIDE / DAY, 1)


def _y(value: float, most: float) -> float:
    return round(HIGH * (1 - min(max(value / most, 0.0), 1.0)), 1)
