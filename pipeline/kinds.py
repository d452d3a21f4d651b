"""The kinds of signals: what is the same for every source of a kind, in one table."""

import re
from typing import NamedTuple

import numpy as np

COUNT = float(np.finfo(float).max)
"""Largest value of what is counted: any."""


class Kind(NamedTuple):
    """What a kind of signal measures, in a word; what its axis counts, "" where only the source knows; the smallest and
    the largest value that it can have: counts, bytes and indices are from 0 on."""

    word: str
    unit: str = ""
    smallest: float = 0.0
    largest: float = COUNT


KINDS = {
    "bgp": Kind("routes", "/24 blocks seen"),
    "probing": Kind("probes", "/24 blocks that answer"),
    "telescope": Kind("stray packets", "sources"),
    "traffic": Kind("traffic"),
    "atlas": Kind("Atlas probes"),
    "ooni": Kind("tests of services", largest=1.0),
}
"""The kinds, by what stands before the dot of ``<kind>.<source>``."""

SIGNAL = re.compile(rf"({'|'.join(KINDS)})(\.[a-z0-9_-]{{1,30}}){{1,3}}")
"""Names of signals become metric labels: ``<kind>.<source>``; what an outage is called follows from the kinds."""

ANY = Kind("", smallest=-COUNT)
"""What nothing is known of."""

TRAFFIC = "traffic"
"""The kind that falls where phones alone are cut off."""

ROUTES = "bgp"
"""The kind that stands while phones are dead, and that only operators move."""


def kind_of(signal: str) -> str:
    """The kind of a signal: what stands before the dot of ``<kind>.<source>``.

    Examples
    --------
    >>> kind_of("bgp.ris")
    'bgp'
    """
    return signal.partition(".")[0]


def word_of(kind: str) -> str:
    """What a kind measures, in a word; of a kind that nobody knows its name."""
    return KINDS[kind].word if kind in KINDS else kind


def impossible(signal: str, value: np.ndarray) -> np.ndarray:
    """Which values ``(n,) float64`` a signal of that name cannot have ``(n,) bool``, infinity among them.

    Examples
    --------
    >>> impossible("ooni.whatsapp", np.array([0.5, 1000.0, np.nan])), impossible("bgp.ris", np.array([-1, 1e9, np.inf]))
    (array([False,  True, False]), array([ True, False,  True]))
    """
    kind = KINDS.get(kind_of(signal), ANY)
    return (value < kind.smallest) | (value > kind.largest)
