"""The level of a feed: at which share of what it once showed all its series stand, for reasons of its own."""

from dataclasses import astuple, dataclass
from math import log
from typing import Any

from pipeline.bins import NEVER
from pipeline.settings import Judging


@dataclass
class Level:
    """``now``: the shift that the feed has had for days, and ``before`` the one before that, as logarithms [-];
    ``moved``: since when it stands apart from it [s]; ``share``: where all stood in the last bin [-], and whether it
    ``is_broken``."""

    now: float = 0.0
    before: float = 0.0
    moved: int = NEVER
    share: float = 1.0
    is_broken: bool = False

    def is_back(self, share: float, settings: Judging) -> bool:
        """Whether a feed at this share of its level is back at the level before.

        Examples
        --------
        >>> level = Level(now=log(0.5))
        >>> level.is_back(1.98, Judging()), level.is_back(0.3, Judging())
        (True, False)
        """
        return share > 0 and abs(self.now + log(share) - self.before) <= settings.common_most

    def turn(self) -> None:
        """The level before holds again at once."""
        self.now, self.before = self.before, self.now

    def follow(self, share: float, is_broken: bool, end: int, settings: Judging) -> None:
        """After bins up to ``end`` [s]: what stays is the level in the end, what is over leaves it where it was.

        Zeros are nobody's level, and a feed that goes on elsewhere begins its day anew.

        Examples
        --------
        >>> level = Level()
        >>> for hour in range(26):
        ...     level.follow(0.5, True, 3600 * hour, Judging())
        >>> level.now == log(0.5)
        True
        """
        last, self.share, self.is_broken = self.share, share, is_broken
        if share == 1:
            self.moved = NEVER
        elif self.moved == NEVER or min(share, last) <= 0 or abs(log(share / last)) > settings.common_most:
            self.moved = end
        elif end - self.moved >= settings.common_follow:
            self.now, self.before, self.moved = self.now + log(share), self.now, NEVER

    def save(self) -> tuple[Any, ...]:
        """All of it."""
        return astuple(self)
