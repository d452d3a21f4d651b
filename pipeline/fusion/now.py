"""The horizon of now: fused from a copy of the settled state is what has come, and is not settled yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.fusion.belief import Belief, Turn
from pipeline.fusion.life import ENDED, OPEN, RECOVERING, RETRACTED, telling
from pipeline.records import LATEST, Outage
from pipeline.settings import Telling

BACK = 3600
"""How far back a bin may come that does not lead to a new copy of the settled state [s]; no answer depends on it."""


@dataclass(frozen=True)
class Provisional:
    """A revision of an outage as it is known by now; ``settled``: its id in the settled record, '' while in none.

    Revisions count up over all outages of a run and partition, so those of each one do.  ``confirmed_at``: by when it
    was last said to be confirmed [s]: one that is retracted tells it, since people were told.
    """

    outage: Outage
    settled: str = ""
    confirmed_at: int | None = None


@dataclass
class Copy:
    """A copy of the settled state that has fused every bin up to one that ends at ``reach`` [s].

    ``fused``: the last revisions that it gave.
    """

    belief: Belief
    reach: int
    fused: dict[str, Outage] = field(default_factory=dict)

    def copy(self) -> "Copy":
        return Copy(self.belief.copy(), self.reach, dict(self.fused))

    def see(self, turns: Sequence[Turn]) -> None:
        """Fuse bins in order."""
        self.fused |= {outage.id: outage for told in self.belief.see(turns) for outage in told}
        self.reach = turns[-1].end if turns else self.reach


@dataclass
class Now:
    """The outages of one run in one fusion partition as they are known by now, where what is missing adds nothing.

    It follows from the settled state and the verdicts that wait alone, never from the order in which they came.  An
    outage keeps its first id here as long as what is known of its place overlaps with what was, whatever id the settled
    record gives it; what is no longer known is retracted.  Of one that was told to be over it is not told that it is
    coming back, where its end is dated later.

    ``record``: the last revision of each settled outage that is open, or whose end is not told yet.  ``told``: what
    was told last, by the id that the settled state or a copy of it has for the outage.  ``front``: the copy that has
    fused all, ``base`` one that has done so up to `BACK` before.
    """

    telling: Telling
    number: int = 0
    record: dict[str, Outage] = field(default_factory=dict)
    told: dict[str, Provisional] = field(default_factory=dict)
    base: Copy | None = None
    front: Copy | None = None
    pending: list[Turn] = field(default_factory=list)

    def settle(self, outages: Iterable[Outage]) -> None:
        """Take in revisions of the settled record."""
        self.record |= {outage.id: outage for outage in outages}

    def wait(self) -> None:
        """Leave it at the settled record, and of that at what is open: all is history yet."""
        self.record = {id_: o for id_, o in self.record.items() if o.state in OPEN or id_ in self.told}
        self.base = self.front = None
        self.pending.clear()

    def fuse(self, settled: Belief, until: int, queue: Iterable[Turn]) -> None:
        """Fuse what is pending; where that does not come after all that is fused, go back and fuse the ``queue`` anew,
        at most from what is settled ``until`` then [s]."""
        turns = sorted(self.pending, key=_turn)
        self.pending = []
        first = turns[0].end if turns else LATEST
        if self.front is None or first <= self.front.reach:
            if self.base is None or self.base.reach < until or first <= self.base.reach:
                self.base = Copy(settled.copy(), until)
            turns = sorted((turn for turn in queue if turn.end > self.base.reach), key=_turn)
            old = sum(turn.end <= turns[-1].end - BACK for turn in turns)
            self.base.see(turns[:old])
            self.front, turns = self.base.copy(), turns[old:]
        self.front.see(turns)

    def tell(self, since: int) -> list[Provisional]:
        """What has changed; of what was never told only outages that were not over by ``since`` [s]."""
        copies = [copy.fused for copy in (self.base, self.front) if copy is not None]
        known = {o.id: o for o in sorted((self.record | copies[-1]).values(), key=_place)}
        self.told, gone = self._matched(known)
        names = {id_: one.outage.id for id_, one in self.told.items()}
        told = [self._next(_retracted(one.outage), one.settled, one) for one in gone]
        for id_, outage in known.items():
            was = self.told.get(id_)
            is_over = outage.state == RETRACTED or (outage.end is not None and outage.end <= since)
            dated_anew = was is not None and (was.outage.state, outage.state) == (ENDED, RECOVERING)
            if (was is None and is_over) or dated_anew:  # that it is over is not taken back for a later end of it
                continue
            part_of = names.get(outage.part_of, outage.part_of)
            now = replace(outage, id=names.get(id_, id_), part_of=part_of)
            settled = id_ if id_ in self.record else ""
            if was is None or settled != was.settled or self._telling(now) != self._telling(was.outage):
                self.told[id_] = self._next(now, settled, was)
                told.append(self.told[id_])
        wholes = {outage.part_of for outage in known.values()}
        for id_ in [id_ for id_, o in self.record.items() if o.state not in OPEN and id_ not in wholes]:
            self.told.pop(id_, None)
            for kept in (self.record, *copies):
                kept.pop(id_, None)
        return told

    def _matched(self, known: dict[str, Outage]) -> tuple[dict[str, Provisional], list[Provisional]]:
        """What was told last of each outage that is known, and what is known no longer."""
        names = {one.outage.id: id_ for id_, one in self.told.items()}
        matched = {id_: self.told[names[id_]] for id_ in known if id_ in names}
        left = {id_: one for id_, one in self.told.items() if one.outage.id not in matched}
        matched |= {id_: left.pop(id_) for id_ in known if id_ in left and id_ not in matched}
        for id_, outage in known.items():
            same = [i for i, one in left.items() if _overlap(one.outage, outage)] if id_ not in matched else []
            if same:
                matched[id_] = left.pop(same[0])
        return matched, list(left.values())

    def _telling(self, outage: Outage) -> Any:
        """What is worth telling, where it changes."""
        outage = replace(outage, confirmed_at=None) if outage.state == RETRACTED else outage
        return telling(outage, outage.signals, self.telling), [sign.name for sign in outage.signs]

    def _next(self, outage: Outage, settled: str, was: Provisional | None) -> Provisional:
        self.number += 1
        at = outage.confirmed_at or (was.confirmed_at if was is not None else None)
        shown = at if outage.state == RETRACTED else outage.confirmed_at
        return Provisional(replace(outage, confirmed_at=shown, revision=self.number), settled, at)

    def open(self) -> list[Outage]:
        """The outages that are on."""
        return [one.outage for one in self.told.values() if one.outage.state in OPEN]

    def save(self) -> Any:
        """JSON-able state; the copy is made anew."""
        told = [(id_, one.outage, one.settled, one.confirmed_at) for id_, one in self.told.items()]
        return self.number, list(self.record.values()), told

    @classmethod
    def load(cls, state: Any, telling: Telling) -> "Now":
        """From a saved state."""
        number, record, told = msgspec.convert(
            state, tuple[int, list[Outage], list[tuple[str, Outage, str, int | None]]]
        )
        return cls(telling, number, {o.id: o for o in record}, {id_: Provisional(*one) for id_, *one in told})  # type: ignore[arg-type]


def _turn(turn: Turn) -> tuple[int, int, str, str, int]:
    verdicts = turn.verdicts
    return turn.end, verdicts.width, verdicts.signal, verdicts.detector, turn.at


def _place(outage: Outage) -> tuple[str, str, int]:
    return outage.entity_type, outage.entity, outage.detected_at


def _overlap(one: Outage, other: Outage) -> bool:
    """Whether both are of one place, and of one time."""
    if (one.entity_type, one.entity) != (other.entity_type, other.entity):
        return False
    return (one.end is None or other.start <= one.end) and (other.end is None or one.start <= other.end)


def _retracted(outage: Outage) -> Outage:
    return replace(outage, state=RETRACTED, end=outage.start if outage.end is None else outage.end)
