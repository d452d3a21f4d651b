"""Bins whose turn has come, in order of event time."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.fusion.evidence import BESIDE, Said
from pipeline.records import Outage, Verdicts


class Turn(NamedTuple):
    """Bin ``at`` of a frame, which ends at ``end`` [s]; ``beside``: by a detector beside the first, a further term."""

    verdicts: Verdicts
    at: int
    end: int
    beside: bool = False

    @property
    def signal(self) -> str:
        """The name of its term."""
        return self.verdicts.signal + (BESIDE + self.verdicts.detector if self.beside else "")

    @property
    def middle(self) -> int:
        """The middle of the bin [s]: the day that most of it is of."""
        return self.end - self.verdicts.width // 2

    @property
    def said(self) -> Said:
        """What it says."""
        verdicts, i = self.verdicts, self.at
        columns = (getattr(verdicts, name)[i] for name in ("value", "expected", "score", "state", "health"))
        return Said(self.signal, int(verdicts.start[i]), verdicts.entities, *columns)


class Weighed(NamedTuple):
    """Bins that are `alike`, one of them the ``turn``, of the signals that stand at these places; ``later``: the wider
    ones that end with them, and are not put down yet."""

    turn: Turn
    signals: list[int]
    later: Sequence[Turn]

    @property
    def start(self) -> int:
        """When they begin [s]."""
        return self.turn.end - self.turn.verdicts.width


class Heard(NamedTuple):
    """What followed from a turn: revisions of outages, with the last of those that are `alike`; ``held``: what it says,
    where that was held against what was expected before an outage."""

    outages: list[Outage]
    held: Said | None = None


def by_frame(turns: Sequence[Turn]) -> list[list[int]]:
    """The places of the turns of each frame, in the order in which the frames come."""
    frames: dict[int, list[int]] = {}
    for place, turn in enumerate(turns):
        frames.setdefault(id(turn.verdicts), []).append(place)
    return list(frames.values())


def together(turns: Sequence[Turn], at: int) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """The turn at a place and those after it that are `alike`, and the wider ones that end with them."""
    many = at + 1
    while many < len(turns) and alike(turns[many], turns[at]):
        many += 1
    last = many
    while last < len(turns) and turns[last].end == turns[at].end:
        last += 1
    return turns[at:many], turns[many:last]


def alike(one: Turn, other: Turn) -> bool:
    """Whether two bins begin and end together."""
    return one.end == other.end and one.verdicts.width == other.verdicts.width
