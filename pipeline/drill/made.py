"""The outage of a drill: made series of a place, which go on until they are told to change.

They are of signals of their own, in a run of their own whose tense is ``drill``: nothing live is mixed with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from pipeline.bins import DAY
from pipeline.feeds import TABLE
from pipeline.records import Entity, Rows, Run

SIGNALS = ("probing.drill", "traffic.drill")
WIDTH = 300  # of a bin [s]
PAST = 2 * DAY  # how much quiet there is before the outage [s]
SHARES = np.array([0.5, 0.3, 0.2])  # of the country: its first network, its second, and the rest
OUT, GROWN, OVER = 0, 1, 2
LEFT = np.array([[0.05, 1, 1], [0.05, 0.05, 1], [1, 1, 1]])  # of each of them, when it is out, has grown and is over
SIZE, NOISE = 10_000.0, 0.01


@dataclass
class Made:
    """Series of a country and up to two networks, that fall at ``onset`` [s].

    ``phase``: what they do now, for another thread to set; ``ended``: whether they stop; ``time``: how far they
    are [s].

    Examples
    --------
    >>> made = Made(Entity("country", "PK", "PK"), (), 1707350400)
    >>> past = [next(made.items()) for made in [made]][0]
    >>> past.signal, len(past)
    ('probing.drill', 576)
    """

    country: Entity
    networks: tuple[Entity, ...]
    onset: int
    phase: int = OUT
    ended: bool = False
    time: int = field(init=False)

    def __post_init__(self) -> None:
        self.time = self.onset
        self.rng = np.random.default_rng(0)

    def items(self) -> Iterator[Rows]:
        """The quiet past at once, then bin after bin."""
        yield from self._rows(np.arange(self.onset - PAST, self.onset, WIDTH), LEFT[OVER])
        while not self.ended:
            self.time += WIDTH
            yield from self._rows(np.array([self.time - WIDTH]), LEFT[self.phase])

    def _rows(self, start: np.ndarray, left: np.ndarray) -> Iterator[Rows]:
        """``start``: ``(t,)`` [s]; ``left``: ``(3,)`` of what is usual."""
        entities = (self.country, *self.networks[:2])
        for signal in SIGNALS:
            noise = 1 + NOISE * self.rng.standard_normal((len(start), len(SHARES)))
            parts = SIZE * SHARES * left * noise
            cells = np.rint(np.column_stack([parts.sum(axis=1), parts[:, : len(entities) - 1]]))
            time = np.repeat(start.astype(np.int64), len(entities))
            entity = np.tile(np.arange(len(entities), dtype=np.int32), len(start))
            yield Rows(Run(), TABLE, 0, signal, WIDTH, (), 0, entities, time, entity, cells.ravel())
