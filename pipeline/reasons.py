"""Why an outage was called, and what it looks like, in words: one place for terminal, report, boards and alerts."""

from collections.abc import Iterable

from pipeline.evidence import BESIDE, kind_of
from pipeline.ledger import TOGETHER
from pipeline.records import Outage, Term

SIGNALS = {
    "bgp": "routes",
    "probing": "probes",
    "telescope": "stray packets",
    "traffic": "traffic",
    "atlas": "Atlas probes",
    "ooni": "tests of services",
}
"""What a kind of signal measures."""


def signal_name(signal: str) -> str:
    """A signal for a person, with the name that boards and recordings have for it.

    Examples
    --------
    >>> signal_name("bgp.ris"), signal_name("traffic.radar"), signal_name("odd.one")
    ('routes (bgp.ris)', 'traffic.radar', 'odd.one')
    """
    word = SIGNALS.get(kind_of(signal), kind_of(signal))
    return signal if word == kind_of(signal) else f"{word} ({signal})"


def term_name(name: str) -> str:
    """The name of a term for a person.

    Examples
    --------
    >>> term_name("probing.ioda"), term_name("traffic.radar/cusum"), term_name("parts.together")
    ('probes (probing.ioda)', 'traffic.radar, summed over days', 'its parts at once')
    """
    signal, slow, _ = name.partition(BESIDE)
    if signal == TOGETHER:
        return "its parts at once"
    return signal_name(signal) + (", summed over days" if slow else "")


def term_text(term: Term, of: str = "") -> str:
    """What a term shows; ``of``: of what, where it is not plain.

    Examples
    --------
    >>> lost, parts = Term("bgp.ris", 0.3, -9.0, 9.0, 1.0), Term("parts.together", 0.4, None, 1.2, 1.0)
    >>> term_text(lost, " of usual"), term_text(parts)
    ('routes (bgp.ris) at 30% of usual', '60% of its parts at once')
    """
    name = term_name(term.signal)
    if term.ratio is None:
        return name
    return f"{1 - term.ratio:.0%} of {name}" if term.signal == TOGETHER else f"{name} at {term.ratio:.0%}{of}"


def speaking(terms: Iterable[Term]) -> list[Term]:
    """The terms that speak for an outage, the heaviest first; of a signal's detectors only the one that says most."""
    found: dict[str, Term] = {}
    for term in sorted(terms, key=lambda term: (-term.weight, term.signal)):
        if term.weight > 0:
            found.setdefault(term.signal.partition(BESIDE)[0], term)
    return list(found.values())


def because(outage: Outage) -> str:
    """The evidence in words, of what is usual: ``probes (probing.ioda) at 35%``."""
    return ", ".join(map(term_text, speaking(outage.signals)))
