"""States of places as numbers that boards put into words, and the queries that give them."""

from dashboards.panels import BLIND, CALM, OUT, SUSPECT, words
from dashboards.rules.sight import QUORUM, SILENT

NORMAL, SUSPECTED, CONFIRMED, UNSEEN = range(4)

STATE_WORDS = words(
    (str(NORMAL), "No outage", CALM),
    (str(SUSPECTED), "Suspected", SUSPECT),
    (str(CONFIRMED), "OUT", OUT),
    (str(UNSEEN), "Cannot see", BLIND),
)

WATCHED = 'label_replace(max by (country) (netvigil_watch_active), "entity", "$1", "country", "(.*)")'
COUNTRY = 'entity_type="country"'


def open_state(places: str, by: str) -> str:
    """1 suspected, 2 confirmed; no series where nothing is open."""
    return f"max by ({by}) (netvigil_outage_active{{{places}}}) + 1"


def unseen(places: str, by: str) -> str:
    """3 where no signal of a place has enough healthy sources."""
    return f"0 * (max by ({by}) (netvigil_signal_health_ratio{{{places}}}) < {QUORUM}) + {UNSEEN}"


def measured(places: str, by: str) -> str:
    """0 where a place is measured at all."""
    return f"0 * max by ({by}) (netvigil_signal_health_ratio{{{places}}})"


def named(expr: str, by: str, places: str) -> str:
    """The same series with the names of their places."""
    return f"({expr}) * on ({by}) group_left (name) max by ({by}, name) (netvigil_entity_info{{{places}}})"


def lowest(places: str, by: str) -> str:
    """The lowest of a place's steady signals, as a share of what is usual.

    A signal that strays by half of itself on ordinary days (a telescope, a small network) is asked only where there is
    no other.  Not the middle one: it jumps whenever a signal comes or goes.
    """
    ratio = f"netvigil_signal_ratio{{{places}}} >= 0"
    bounds = f"netvigil_signal_expected{{{places},bound="
    steady = f'{bounds}"lower"}} / ignoring (bound) {bounds}"expected"}} > 0.5'
    keys = "signal, entity_type, entity"
    return f"(min by ({by}) ({ratio} and on ({keys}) ({steady})) or min by ({by}) ({ratio}))"


def fresh() -> str:
    """Event time, only while it is no older than slow feeds are on a good day."""
    return f"(max(netvigil_event_timestamp_seconds) > time() - {SILENT})"
