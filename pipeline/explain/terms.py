"""The evidence for an outage and what it looks like, in words: for the terminal, reports, boards and alerts."""

from collections.abc import Iterable, Sequence

from pipeline.fusion.life import BESIDE, PRIOR, speaking
from pipeline.fusion.likeness import OF_DAY, OF_PARTS, STANDS, fell_and_stood
from pipeline.kinds import kind_of, word_of
from pipeline.records import Outage, Sign, Term

DAYS = {"election": "an election day", "protest": "a day of protest", "coup": "the day of a coup"}
"""The kinds of days on which an outage began."""


def signal_name(signal: str) -> str:
    """A signal in words, with its name on boards and in recordings: ``routes (bgp.ris)``."""
    word = word_of(kind_of(signal))
    return signal if word == kind_of(signal) else f"{word} ({signal})"


def term_name(name: str) -> str:
    """A term in words."""
    if name.startswith(OF_DAY):
        return DAYS[name.removeprefix(OF_DAY)]
    if name == PRIOR:
        return "before any signal"
    signal, _, slow = name.removeprefix(OF_PARTS).partition(BESIDE)
    by_day = ", day by day" if slow else ""
    return f"{signal_name(signal)}{by_day}{' of its parts' if name.startswith(OF_PARTS) else ''}"


def term_text(term: Term, of: str = "") -> str:
    """What a term shows; ``of`` follows its share: ``" of usual"``.

    Examples
    --------
    >>> lost, parts = Term("bgp.ris", 0.3, -9.0, 9.0, 1.0), Term("parts.bgp.ris", 0.4, None, 1.2, 1.0)
    >>> term_text(lost, " of usual"), term_text(parts)
    ('routes (bgp.ris) at 30% of usual', 'routes (bgp.ris) of its parts at 40%')
    >>> term_text(Term("traffic.radar/daily", 0.7, -9.0, 8.0, 1.0))
    'traffic.radar, day by day, at 70%'
    """
    name = term_name(term.signal)
    if term.ratio is None:
        return name
    slow = "," if BESIDE in term.signal else ""
    return f"{name}{slow} at {term.ratio:.0%}{of}"


def because(outage: Outage) -> str:
    """The evidence for an outage, as shares of the usual level: ``probes (probing.ioda) at 35%``."""
    return ", ".join(map(term_text, speaking(outage.signals)))


SIGNS = {
    **{kind: f"it began on {day}" for kind, day in DAYS.items()},
    "agree": "all kinds of signals that could be judged fell",
    "differ": "some kinds of signals stood",
    "networks": "networks went out together",
    "lasts": "it lasted three hours or more",
    "passes": "it was over within three hours",
    "grid": "it began at local :00/:30",
    "repeats": "it began at that time one to four days before, too",
    "local": "it is no whole country",
}

NO_SIGN = "no published sign is for or against it"

LIKELY = 1.0
"""A likeness of at least this is likely, and one of at most the negative of it unlikely [log-odds]: 2.7 to 1."""

LIMITS = (
    "Likeness to the shutdowns of a study (SIGCOMM 2023), in log-odds: likely from +1 on, unlikely from −1 down. Most "
    'of those shutdowns are series in three countries; a term "without its three series" leaves these out. Such terms '
    "rank a shutdown above another outage 83 times in 100 at the onset, and 93 once the duration is known; outside "
    "those countries 69 to 75 times (the AUC; chance gives 50). It is never an attribution. 'Unlikely' does not mean "
    "that there is no outage: when only mobile networks are shut down, routes do not fall, unlike in that study."
)


def looks(likeness: float) -> str:
    """The word for a likeness, and its log-odds: ``likely (+2.6)``."""
    return f"{likely(likeness)} ({signed(likeness)})"


def likely(likeness: float) -> str:
    """The word for a likeness."""
    return "likely" if likeness >= LIKELY else "unlikely" if likeness <= -LIKELY else "unclear"


def signed(weight: float) -> str:
    """A weight [log-odds] with its sign."""
    return f"{weight:+.1f}".replace("-", "−")


def sign_text(sign: Sign, normal: Sequence[str] = ()) -> str:
    """A sign with its weight and source; ``normal``: the kinds of signals that did not fall, see `normal_kinds`."""
    which = f": {', '.join(normal)}" if normal and sign.name == "differ" else ""
    return f"{signed(sign.weight)} {SIGNS.get(sign.name, sign.name)}{which} ({sign.source})"


def normal_kinds(terms: Iterable[Term], left: float = STANDS) -> list[str]:
    """The kinds of signals that did not fall in an outage; with ``left`` 0 all that are evidence against it."""
    return sorted(word_of(kind) for kind in fell_and_stood(terms, left)[1])


def resemblance(outage: Outage) -> str:
    """What an outage looks like and why, in one sentence."""
    normal = normal_kinds(outage.signals)
    signs = "; ".join(sign_text(sign, normal) for sign in outage.signs) or NO_SIGN
    return f"Looks like a shutdown: {looks(outage.likeness)}: {signs} [log-odds]."
