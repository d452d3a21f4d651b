"""Could a country's signals see?  What was not seen, or not judged, is no all-clear."""

from dashboards.boards.states import QUORUM
from dashboards.panels import BLIND, CALM, SUSPECT, Json, lines, target, timeline, words

NONE_OF_ITS_OWN = "No signal of its own: see its parts"

FEW_SOURCES, UNSEEN, NEW, SILENT = 1, 2, 4, 8
"""What can be the matter with a bin; of several the first of `_WORDS` counts."""

_WORDS = (
    (UNSEEN, "Not seen", BLIND),
    (FEW_SOURCES, "Few sources", SUSPECT),
    (NEW, "Too new to judge", BLIND),
    (SILENT, "Not judged: too few or unsteady", BLIND),
)


def seen(own: str) -> Json:
    """When each signal ``own`` could see, and when what it saw could be judged."""

    def of(metric: str) -> str:
        return f"max by (signal) (netvigil_signal_{metric}{{{own}}})"

    blind = f"({of('health_ratio')} < bool {QUORUM})"
    unseen = f"(1 - ({of('value')} >= bool 0))"
    new = f"({of('settled')} == bool 0)"
    silent = f"({of('score')} != bool {of('score')})"  # NaN: even none at all would be no surprise
    matter = f"{FEW_SOURCES} * {blind} + {UNSEEN} * {unseen} + {NEW} * {new} + {SILENT} * {silent}"
    return timeline(
        "Could we see?",
        "Grey: the signal was not observed; or it is too new: without a day of past to compare with nothing is "
        "confirmed; or its counts are so few, or stray so far, that even none at all would be no surprise. Amber: too "
        "few of its sources were healthy. Not seen is also a signal whose feed is stuck or broken. It says nothing for "
        "such times, neither that all is well nor that something is out.",
        [target(matter, "{{signal}}")],
        words(("0", "Seen", CALM), *((str(bits), *_word(bits)) for bits in range(1, 16))),
        noValue=NONE_OF_ITS_OWN,
    )


def _word(bits: int) -> tuple[str, str]:
    return next((text, colour) for bit, text, colour in _WORDS if bits & bit)


def judged_only(expr: str, own: str) -> str:
    """The series of an expression while something is said of them: a line that nobody judges would tell of storms."""
    score = f"netvigil_signal_score{{{own}}}"
    return f"({expr} and on (signal, entity_type, entity) ({score} == {score}))"


def health(own: str) -> Json:
    """How healthy the sources of each signal ``own`` are."""
    return lines(
        "Healthy sources",
        "Share of each signal's peers, probes or collectors that work. Below half the signal says nothing.",
        [target(f"max by (signal) (netvigil_signal_health_ratio{{{own}}})", "{{signal}}")],
        unit="percentunit", min=0, max=1, noValue=NONE_OF_ITS_OWN,
    )  # fmt: skip


def of_country(country: str) -> str:
    """The signals of a country and of its parts, one series each."""
    own = f'max by (entity_type, entity) (netvigil_entity_info{{country="{country}"}})'
    return f"count by (signal) (netvigil_signal_health_ratio and on (entity_type, entity) {own})"
