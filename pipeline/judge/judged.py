"""What is kept of the series of one signal from one frame to the next while they are judged."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.base import AnyDetector
from detectors.state import extend
from pipeline.bins import NEVER
from pipeline.judge.at_once import AtOnce
from pipeline.judge.level import Level
from pipeline.judge.stragglers import Stragglers
from pipeline.judge.stuck import Repeats
from pipeline.judge.votes import Votes
from pipeline.records import Entity, Run

NO_COLUMNS = np.empty(0, np.intp)
"""The columns of a frame without entities."""


@dataclass
class Series:
    """All series of one signal of one run; ``met (n,)``: which began in earlier frames.

    The first of the ``detectors`` is the one that is shown; ``level``: that of the feed; ``calm (n,)``: which were not
    low when they were last judged; ``stragglers``: who stands as the feed did when it was broken;
    ``at_once``: who fell with many others.
    """

    run: Run
    signal: str
    detectors: tuple[AnyDetector, ...]
    states: list[Any]
    entities: list[Entity] = field(default_factory=list)
    countries: tuple[str, ...] = ()
    judged: int = NEVER
    met: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    level: Level = field(default_factory=Level)
    calm: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    repeats: Repeats = field(default_factory=Repeats)
    stragglers: Stragglers = field(default_factory=Stragglers)
    at_once: AtOnce = field(default_factory=AtOnce)
    who: Votes | None = None
    places: dict[tuple[Entity, ...], np.ndarray] = field(default_factory=dict)
    homes: dict[tuple[Entity, ...], list[np.ndarray]] = field(default_factory=dict)
    networks: np.ndarray = field(default_factory=lambda: np.empty(0, bool))

    @property
    def switched(self) -> np.ndarray:
        """Which may be switched off for a night ``(n,) bool``: single networks."""
        if len(self.networks) < len(self.entities):
            self.networks = np.array([entity.type == "asn" for entity in self.entities], bool)
        return self.networks

    def columns(self, entities: tuple[Entity, ...]) -> np.ndarray:
        """Where the frame's entities stand in the detector's state; new ones are appended to it.

        A heartbeat has none, and comes between any two frames: what was looked up for these is kept.
        """
        if not entities:
            return NO_COLUMNS
        if (found := self.places.get(entities)) is None:  # a look-up compares a hundred thousand of them
            known = {entity[:2]: i for i, entity in enumerate(self.entities)}
            fresh = [entity for entity in entities if entity[:2] not in known]
            if fresh:
                self.states = [extend(state, len(fresh)) for state in self.states]
                known |= {entity[:2]: len(known) + i for i, entity in enumerate(fresh)}
                self.entities += fresh
                self.calm = np.append(self.calm, np.ones(len(fresh), bool))
                self.met = np.append(self.met, np.zeros(len(fresh), bool))
                self.stragglers.grow(len(self.entities))
                self.at_once.grow(len(self.entities))
                self.countries = tuple(entity.country for entity in self.entities)
                self.who = None
            found = np.array([known[entity[:2]] for entity in entities], np.intp)
            self.places = {entities: found}
        return found
