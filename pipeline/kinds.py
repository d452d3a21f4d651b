"""The kinds of signals: what is common to all sources of a kind."""

import re
from typing import NamedTuple

import numpy as np

COUNT = float(np.finfo(float).max)  # largest value of what is counted: any


class Kind(NamedTuple):
    """A kind of signal: what it measures, in a word; unit of its axis ("" where sources differ); range of values."""

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

SIGNAL = re.compile(rf"({'|'.join(KINDS)})(\.[a-z0-9_-]{{1,30}}){{1,3}}")
"""Names of signals, ``<kind>.<source>``; they become metric labels."""

ANY = Kind("", smallest=-COUNT)  # an unknown kind
TRAFFIC = "traffic"  # the kind that falls where phones alone are cut off
ROUTES = "bgp"  # the kind that does not fall with mobile networks, and that only operators move


def kind_of(signal: str) -> str:
    """The kind of a signal ``<kind>.<source>``."""
    return signal.partition(".")[0]


def word_of(kind: str) -> str:
    """What a kind measures, in a word; the name of an unknown kind."""
    return KINDS[kind].word if kind in KINDS else kind


def impossible(signal: str, value: np.ndarray) -> np.ndarray:
    """Which values ``(n,) float64`` a signal of that name cannot have ``(n,) bool``, infinity among them."""
    kind = KINDS.get(kind_of(signal), ANY)
    return (value < kind.smallest) | (value > kind.largest)
