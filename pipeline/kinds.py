"""The kinds of signals: what is the same for every source of a kind, in one table."""

from typing import NamedTuple

from numpy import finfo

COUNT = float(finfo(float).max)
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
