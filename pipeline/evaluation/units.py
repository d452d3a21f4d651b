"""What the axes of a picture count, by the kind of the signal."""

from pipeline.kinds import KINDS, ROUTES, kind_of

GIVEN = "as the feed gives it"
"""Of what only the source knows the unit."""

SIX = "prefixes seen"
"""Of a ``bgp`` signal whose name ends so: IPv6."""

NAMED = {"probing.monash": "an index, 0 to 10"}
"""Signals that give something else than their kind."""

LENGTHS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def unit(signal: str, width: int) -> str:
    r"""What a signal counts in a bin of this width [s], in two lines.

    Examples
    --------
    >>> unit("bgp.ris", 600), unit("traffic.radar", 5400)
    ('/24 blocks seen,\na bin of 10 min', 'as the feed gives it,\na bin of 90 min')
    >>> unit("bgp.ris6", 300)
    'prefixes seen,\na bin of 5 min'
    """
    kind = kind_of(signal)
    usual = SIX if kind == ROUTES and signal.endswith("6") else KINDS[kind].unit or GIVEN
    return f"{NAMED.get(signal, usual)},\n{per_bin(width)}"


def per_bin(width: int) -> str:
    """The width of a bin [s] in words.

    Examples
    --------
    >>> per_bin(21600), per_bin(300)
    ('a bin of 6 h', 'a bin of 5 min')
    """
    size, name = next((size, name) for size, name in LENGTHS if width % size == 0)
    return f"a bin of {width // size} {name}"
