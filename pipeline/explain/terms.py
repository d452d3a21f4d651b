"""Why an outage was called, and what it looks like, in words: one place for terminal, report, boards and alerts."""

from collections.abc import Iterable, Sequence

from detectors import REGISTRY
from pipeline.fusion.evidence import BESIDE, speaking
from pipeline.fusion.likeness import OF_DAY, STANDS, fell_and_stood
from pipeline.fusion.naming import TOGETHER
from pipeline.kinds import kind_of, word_of
from pipeline.records import Outage, Sign, Term

FREE = {"holiday": "a holiday"}
DAYS = {"election": "an election day", "protest": "a day of protest", "coup": "the day of a coup"}
"""What an outage began on, as its term says."""

SLOW = {name: does for name, made in REGISTRY.items() if (does := made("").slow)}
"""Name of a detector that may stand beside the first -> what it does."""


def signal_name(signal: str) -> str:
    """A signal for a person, with the name that boards and recordings have for it."""
    word = word_of(kind_of(signal))
    return signal if word == kind_of(signal) else f"{word} ({signal})"


def term_name(name: str) -> str:
    """The name of a term for a person."""
    if name.startswith(OF_DAY):
        return (DAYS | FREE)[name.removeprefix(OF_DAY)]
    signal, _, slow = name.partition(BESIDE)
    if signal == TOGETHER:
        return "its parts at once"
    return signal_name(signal) + (f", {SLOW.get(slow, slow)}" if slow else "")


def term_text(term: Term, of: str = "") -> str:
    """What a term shows; ``of``: of what, where it is not plain.

    Examples
    --------
    >>> lost, parts = Term("bgp.ris", 0.3, -9.0, 9.0, 1.0), Term("parts.together", 0.4, None, 1.2, 1.0)
    >>> term_text(lost, " of usual"), term_text(parts)
    ('routes (bgp.ris) at 30% of usual', '60% of its parts at once')
    >>> term_text(Term("traffic.radar/cusum", 0.7, -9.0, 8.0, 1.0))
    'traffic.radar, summed over days, at 70%'
    """
    name = term_name(term.signal)
    if term.ratio is None:
        return name
    slow = "," if BESIDE in term.signal else ""
    return f"{1 - term.ratio:.0%} of {name}" if term.signal == TOGETHER else f"{name}{slow} at {term.ratio:.0%}{of}"


def because(outage: Outage) -> str:
    """The evidence in words, of what is usual: ``probes (probing.ioda) at 35%``."""
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

NO_SIGN = "nothing that was published speaks for or against it"

LIKELY = 1.0
"""From so much on an outage looks like a shutdown, and from so much below zero unlike one [log-odds]: 2.7 to 1."""

LIMITS = (
    "Likeness: to the shutdowns of a study (SIGCOMM 2023), in log-odds; likely from +1 on, unlikely from −1 on. Most "
    'of them are series in three countries: a term "without its three series" is weighed without these. Such terms '
    "tell a shutdown from another outage 83 times in 100 at the onset, 93 once the duration is known; without those "
    "countries 69 to 75 times (the AUC; a coin has 50). It is never an attribution, "
    "and 'unlikely' is no doubt of the outage: one of phones alone begins so, as routes stand."
)


def looks(likeness: float) -> str:
    """Whether an outage looks like a shutdown, with the log-odds."""
    return f"{likely(likeness)} ({signed(likeness)})"


def likely(likeness: float) -> str:
    """The word for it."""
    return "likely" if likeness >= LIKELY else "unlikely" if likeness <= -LIKELY else "unclear"


def signed(weight: float) -> str:
    """A weight [log-odds] with its sign."""
    return f"{weight:+.1f}".replace("-", "−")


def sign_text(sign: Sign, stood: Sequence[str] = ()) -> str:
    """A term of a likeness with its weight and source; ``stood``: which kinds of signals did, see `standing`."""
    which = f": {', '.join(stood)}" if stood and sign.name == "differ" else ""
    return f"{signed(sign.weight)} {SIGNS.get(sign.name, sign.name)}{which} ({sign.source})"


def standing(terms: Iterable[Term], left: float = STANDS) -> list[str]:
    """The kinds of signals that stood in an outage, in words; with ``left`` 0 all that are evidence against it."""
    return sorted(word_of(kind) for kind in fell_and_stood(terms, left)[1])


def resemblance(outage: Outage) -> str:
    """What an outage looks like, and why, in one sentence."""
    stood = standing(outage.signals)
    signs = "; ".join(sign_text(sign, stood) for sign in outage.signs) or NO_SIGN
    return f"Looks like a shutdown: {looks(outage.likeness)}: {signs} [log-odds]."
