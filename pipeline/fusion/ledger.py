"""What every signal last said of every entity, and the outages that follow from it."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from detectors.base import UNKNOWN
from pipeline.fusion.cells import Cells
from pipeline.fusion.evidence import BESIDE, Block, Said
from pipeline.fusion.lives import Lives
from pipeline.fusion.roll import Frame, Roll
from pipeline.fusion.sags import note_home
from pipeline.fusion.spells import Spell, counted, fold
from pipeline.fusion.turns import Heard, Turn, Weighed, alike, by_frame, together
from pipeline.fusion.usual import Usual
from pipeline.fusion.weighing import Scales
from pipeline.fusion.wholes import may_be_low, of_parts
from pipeline.geo.calendar import Almanac
from pipeline.records import Entity, Verdicts
from pipeline.settings import Fusing

AT_ONCE = 2**18
"""Most bins of entities that are taken in at once [-]: for five signals some 70 MB, and as much more of one
in which many are low."""


class Put(NamedTuple):
    """Bins of a signal as they were put down: where their entities stand, what is said of them and of the countries of
    which they are parts, and what is held of them, where that is another than it was said."""

    frame: Frame
    signal: int
    said: Said
    held: Said | None


class Ledger:
    """The evidence on all entities of one run in one fusion partition, and their open outages."""

    def __init__(self, tense: str, settings: Fusing, almanac: Almanac) -> None:
        self.roll = Roll(settings)
        self.cells = Cells(settings)
        self.usual = Usual(settings)
        self.lives = Lives(self.roll, self.cells, settings)
        self.scales = Scales(tense, self.roll, self.cells, self.usual, self.lives, settings, almanac)

    @property
    def entities(self) -> list[Entity]:
        """Every entity, in the order in which it came."""
        return self.roll.entities

    def see(self, turns: Sequence[Turn]) -> list[Heard]:
        """Take in bins in the order of their turns; returns what follows from each, or from those that are `alike`.

        Bins that begin and end together are weighed once, when all of them are put down: what a signal is called
        counts for nothing.  As long as nobody is out they are taken in at once, up to those with which one begins.
        """
        told: list[Heard] = []
        reach = len(turns)
        while (at := len(told)) < len(turns):
            most = max(1, AT_ONCE // max(len(self.roll), len(turns[at].verdicts.entities), 1))
            single = self.lives or self.usual.returned.any() or self.cells.recent(turns[at].end)
            calm = 0 if single else self._rest(turns[at : at + min(reach, most)])
            told += [Heard([])] * calm if calm else self._hear(*together(turns, at))
            reach = reach if single else max(32, 2 * calm)  # in vain no more is looked at than is of use
        return told

    def _rest(self, turns: Sequence[Turn]) -> int:
        """Take in bins while nobody is out; how many, until an outage begins."""
        turns, spells = turns[: self._of_one_frame(turns)], []
        for places in by_frame(turns):
            frame, signal = self._enter(turns[places[0]])
            spells.append(Spell.of(turns, places, frame, signal, self.cells, self.roll))
        calm = self._until_out(spells, turns)
        for spell in spells:
            if spell.places[0] < calm:
                fold(self.cells, spell.until(calm))
        return calm

    def _of_one_frame(self, turns: Sequence[Turn]) -> int:
        """How many turns from the first are of one frame a signal, with nobody in it who is not known yet, and with
        no country to be judged from parts that are low."""
        frames: dict[str, tuple[Verdicts, Frame]] = {}
        for place, turn in enumerate(turns):
            if turn.signal not in frames:
                if place and not (turn.signal in self.cells.signals and turn.verdicts.entities in self.roll.frames):
                    return place
                frames[turn.signal] = turn.verdicts, self._enter(turn)[0]
            verdicts, frame = frames[turn.signal]
            if verdicts is not turn.verdicts or may_be_low(self.cells, self.roll, frame, verdicts.state[turn.at]):
                return place
        return len(turns)

    def _until_out(self, spells: Sequence[Spell], turns: Sequence[Turn]) -> int:
        """How many turns it takes until an outage begins, or that there are."""
        low = [spell.rows[(spell.weight > 0).any(axis=0)] for spell in spells]
        rows = np.unique(np.concatenate([np.flatnonzero((self.cells["weight"] > 0).any(axis=1)), *low]))
        if not (len(rows) and turns):  # nothing is the matter with anybody
            return len(turns)
        last = [i - 1 for i in range(1, len(turns) + 1) if i == len(turns) or not alike(turns[i], turns[i - 1])]
        ends, middles = (np.array([getattr(turns[i], at) for i in last], np.int64) for at in ("end", "middle"))
        terms, word = counted(self.cells, spells, rows, ends, np.array(last))
        begins = (self.scales.begins(rows, middles, terms) & word).any(axis=1)
        return [0, *(i + 1 for i in last)][int(np.argmax(np.append(begins, True)))]

    def _hear(self, turns: Sequence[Turn], later: Sequence[Turn]) -> list[Heard]:
        """Take in bins that are alike, and end with ``later`` ones; parts are weighed before their countries."""
        self.usual.lapse(turns[0].end, self.lives.open)
        for turn in later:  # who is new in them is known before they are asked
            self._enter(turn)
        put = self._puts(turns)
        told, word = [Heard([], one.held) for one in put], np.zeros(len(self.roll), bool)
        now = Weighed(turns[0], [one.signal for one in put], later)
        self.cells.write(list(self._blocks(put)))
        for one in put:
            word[one.frame.place] = True
        is_open = np.flatnonzero(word & self.lives.open)
        self.cells.at_plateau(is_open, now.signals, now.start)
        note_home(self.cells, is_open, now.start, self.lives.start[is_open])
        rows = np.flatnonzero(word & (self.lives.open | (self.cells["weight"] > 0).any(axis=1)))
        if len(rows):  # something is the matter with somebody
            whole = self.roll.is_country(rows)
            parts, wholes = (
                self.scales.weigh(rows[~whole], now),
                self.scales.weigh(rows[whole], now, are_countries=True),
            )
            parts = [self.lives.joined(outage) for outage in parts] if any(wholes) else parts
            told[-1].outages.extend(outage for outage in parts + wholes if outage is not None)
        return told

    def _puts(self, turns: Sequence[Turn]) -> list[Put]:
        """What is said of all these bins, held against what was before."""
        entered, each = [self._enter(turn) for turn in turns], [turn.said for turn in turns]
        held = list(each)
        for frame in {id(frame): frame for frame, _ in entered}.values():
            its = [i for i, (own, _) in enumerate(entered) if own is frame]
            rows, signals = frame.rows[: len(each[its[0]].entities)], [entered[i][1] for i in its]
            for i, said in zip(its, self.usual.hold([each[i] for i in its], rows, signals, self.cells), strict=True):
                held[i] = said
        self.usual.held()
        return [
            Put(*place, self._put(turn.end, *place, said, now), None if now is said else now)
            for turn, place, said, now in zip(turns, entered, each, held, strict=True)
        ]

    def _put(self, end: int, frame: Frame, signal: int, said: Said, held: Said) -> Said:
        """What is ``held`` of a bin that ends then [s] and ``said`` so, and of countries of which these are parts."""
        rows, parts = frame.rows, frame.parts
        self.cells.ends[signal] = end
        if frame.own.size:  # who speaks himself lends no word any more
            self.cells["lent"][rows[frame.own[said.state[frame.own] != UNKNOWN]], signal] = False
        if parts.countries:  # also of what shows an outage that its detector has got used to
            return held.and_of(of_parts(self.cells, self.roll, self.lives.open, held, frame, signal))
        return held

    def _blocks(self, put: Sequence[Put]) -> Iterator[Block]:
        """What is said, of signals that stand one after the other and tell of the same entities at once."""
        first = 0
        for i in range(1, len(put) + 1):
            if i < len(put) and put[i].frame is put[first].frame and put[i].signal == put[i - 1].signal + 1:
                continue
            frame, signal, *_ = put[first]
            yield Block.of([one.said for one in put[first:i]], frame.place, signal, self.lives.open[frame.rows])
            first = i

    def _enter(self, turn: Turn) -> tuple[Frame, int]:
        """Where its entities stand, and its signal."""
        signal, frame = self.cells.signal(turn.signal, turn.verdicts.width), self.roll.frame(turn.verdicts.entities)
        if len(self.roll) > len(self.lives.open):
            self._grow()
        self.usual.grow(len(self.roll), len(self.cells.signals))
        return frame, signal

    def _grow(self) -> None:
        """Room for new entities."""
        self.cells.grow(len(self.roll))
        self.lives.grow()

    def copy(self) -> "Ledger":
        """Another one that goes on from here, and leaves this one as it is."""
        shared = [self.scales.settings, self.scales.almanac, *self.roll.entities, *self.roll.frames.values()]
        frames = {id(self.roll.frames): dict(self.roll.frames)}
        return deepcopy(self, {id(one): one for one in shared} | frames)

    def leave_behind(self, signal: str) -> None:
        """A signal is late: its last bin before an outage counts no more, nor that none came since; and it holds no
        outage of which another witness, in time, is back."""
        self.cells.behind.add(signal)
        its = np.array([name.partition(BESIDE)[0] == signal for name in self.cells.signals], bool)
        last = max((end for end, own in zip(self.cells.ends, its, strict=True) if own), default=0)
        at = np.ix_(~self.lives.open | (self.lives.start >= last), its)
        self.cells["calm_from"][at] = 0
        self.cells["weight"][at] = np.maximum(self.cells["weight"][at], 0)

    def hold(self, newest: int, now: int) -> None:
        """Take the last bin of each signal that ended after ``newest`` as one that ends ``now``, both [s]."""
        self.cells.hold(newest, now)

    def wait_for(self, signal: str) -> None:
        """The next bin of a signal is awaited."""
        self.cells.awaited.add(signal)

    def save(self) -> tuple[Any, dict[str, np.ndarray]]:
        """Head and arrays."""
        head, arrays = self.cells.save()
        return (self.roll.entities, head, *self.lives.save()), arrays | self.usual.save()

    def load(self, head: Any, arrays: dict[str, np.ndarray]) -> None:
        """Take over what was saved."""
        entities, cells, lives, past = head
        self.cells.load(cells, arrays)
        for entity in entities:
            self.roll.enter(Entity(*entity))
        self._grow()
        self.usual.grow(len(self.roll), len(self.cells.signals))
        self.usual.load(arrays)
        self.lives.load(lives, past)
        self.usual.out[[row for row, life in self.lives.items() if life.confirmed_at is not None]] = True
