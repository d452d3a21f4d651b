"""The evidence for an outage and what it looks like, in words: for the terminal, reports, boards and alerts."""

from collections.abc import Iterable, Sequence
from math import exp

from pipeline.fusion.life import BESIDE, NETWORKS, PRIOR, TOLD
from pipeline.fusion.likeness import OF_DAY, OF_PARTS, fell_and_stood
from pipeline.kinds import kind_of, word_of
from pipeline.records import DAILY, Outage, Sign, Term

DAYS = {"election": "an election day", "protest": "a day of protest", "coup": "the day of a coup"}
"""The kinds of days on which an outage began."""

HELD_BY = {
    "too little past": "a signal of it has too little past to say what is usual",
    "quiet day": "people may be at home: traffic alone does not tell it from a quiet day",
    "feed unhealthy": "the feed of a signal that fell is not well, or may have failed by itself",
    "one signal only": "one signal alone shows it",
    "": "what fell is not enough",
}
"""What holds a confirmation back, in a sentence, by `Outage.held_by`."""

LARGEST = 1e6
"""A Bayes factor above this is written as more than that [-]."""


def signal_name(signal: str) -> str:
    """A signal in words, with its name on boards and in recordings: ``routes (bgp.ris)``."""
    word = word_of(kind_of(signal))
    return signal if word == kind_of(signal) else f"{word} ({signal})"


def is_signal(term: Term) -> bool:
    """Whether a term is of a signal, and not of what was known before any."""
    return term.signal not in (PRIOR, NETWORKS) and not term.signal.startswith(OF_DAY)


def signal_of(term: Term) -> str:
    """The signal that a term is of.

    Examples
    --------
    >>> [signal_of(Term(name, 0.3, -9.0, 9.0, 1.0)) for name in ("parts.bgp.ris", "traffic.radar/daily")]
    ['bgp.ris', 'traffic.radar']
    """
    return term.signal.removeprefix(OF_PARTS).partition(BESIDE)[0]


def term_name(name: str) -> str:
    """A term in words.

    Examples
    --------
    >>> term_name("parts.bgp.ris"), term_name("traffic.radar/daily"), term_name("prior")
    ('routes (bgp.ris) of its parts', 'daily means of traffic.radar', 'without its signals')
    """
    if name == PRIOR:
        return "without its signals"
    if name == NETWORKS:
        return "its networks, each by itself"
    if name.startswith(OF_DAY):
        day = name.removeprefix(OF_DAY)
        return DAYS.get(day, day)
    signal, _, slow = name.removeprefix(OF_PARTS).partition(BESIDE)
    own = signal_name(signal) + " of its parts" * name.startswith(OF_PARTS)
    return f"daily means of {own}" if slow == DAILY else own


def term_text(term: Term, of: str = "") -> str:
    """What a term shows; ``of`` follows its share: ``" of usual"``.

    Examples
    --------
    >>> term_text(Term("bgp.ris", 0.3, -9.0, 9.0, 1.0), " of usual")
    'routes (bgp.ris) at 30% of usual'
    """
    name = term_name(term.signal)
    return name if term.ratio is None else f"{name} at {term.ratio:.0%}{of}"


def showing(terms: Iterable[Term]) -> list[Term]:
    """The signals that are evidence for an outage, the heaviest first: all that weigh, or where none does, all."""
    own = sorted((t for t in terms if is_signal(t) and t.weight > 0), key=lambda t: (-t.weight, t.signal))
    return [term for term in own if term.weight >= TOLD] or own


def because(outage: Outage) -> str:
    """The evidence for an outage, as shares of the usual level: ``probes (probing.ioda) at 35%``."""
    return ", ".join(map(term_text, showing(outage.signals)))


def held_back(outage: Outage) -> str:
    """Why an outage is not confirmed, in a clause."""
    return HELD_BY.get(outage.held_by, outage.held_by)


def times_likelier(weight: float) -> str:
    """A log Bayes factor as a factor of the odds.

    Examples
    --------
    >>> [times_likelier(weight) for weight in (3.0, -2.25, 0.1, 40.0)]
    ['20', '1/9.5', '1.1', '> 1 million']
    """
    factor = exp(min(abs(weight), 40.0))
    many = "> 1 million" if factor > LARGEST else f"{factor:.1f}" if factor < 10 else f"{float(f'{factor:.2g}'):,.0f}"
    return many if weight >= 0 else f"1/{many.removeprefix('> ')}"


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


def normal_kinds(terms: Iterable[Term]) -> list[str]:
    """The kinds of signals that did not fall in an outage."""
    return sorted(word_of(kind) for kind in fell_and_stood(filter(is_signal, terms))[1])


def resemblance(outage: Outage) -> str:
    """What an outage looks like and why, in one sentence."""
    normal = normal_kinds(outage.signals)
    signs = "; ".join(sign_text(sign, normal) for sign in outage.signs) or NO_SIGN
    return f"Looks like a shutdown: {looks(outage.likeness)}: {signs} [log-odds]."
