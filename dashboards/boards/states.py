"""States of places as numbers, for which boards have words, and what both boards show of them."""

from dashboards.panels import BLIND, CALM, OTHERS, OUT, SUSPECT, Json, lines, of_query, target, words
from dashboards.rules.health import QUORUM, SILENT

NORMAL, SUSPECTED, CONFIRMED, UNSEEN, TOO_NEW = range(5)

STATE_WORDS = words(
    (str(NORMAL), "No outage", CALM),
    (str(SUSPECTED), "Suspected", SUSPECT),
    (str(CONFIRMED), "OUT", OUT),
    (str(UNSEEN), "Cannot see", BLIND),
    (str(TOO_NEW), "Too new to judge", BLIND),
)

WATCHED = 'label_replace(max by (country) (netvigil_watch_active), "entity", "$1", "country", "(.*)")'
COUNTRY = 'entity_type="country"'
FEW = 3  # up to this many places that cannot be judged are named; of more only their number is shown [-]


def open_state(places: str, by: str) -> str:
    """1 suspected, 2 confirmed; no series where nothing is open."""
    return f"max by ({by}) (netvigil_outage_active{{{places}}}) + 1"


def unseen(places: str, by: str) -> str:
    """3 where no signal of a place has enough healthy sources."""
    return f"0 * (max by ({by}) (netvigil_signal_health_ratio{{{places}}}) < {QUORUM}) + {UNSEEN}"


def judged(places: str, by: str) -> str:
    """0 where an outage of a place could be confirmed; 4 where no healthy signal has enough past for it."""
    healthy = f"(netvigil_signal_health_ratio{{{places}}} >= bool {QUORUM})"
    return f"{TOO_NEW} - {TOO_NEW} * max by ({by}) (netvigil_signal_settled{{{places}}} * {healthy})"


def sight(places: str, by: str) -> str:
    """0 where a place without an open outage has an all-clear: it is observed, with enough past; else 3 or 4."""
    return f"({unseen(places, by)} or {judged(places, by)})"


def unseen_watched() -> str:
    """3 where a country is watched, and nothing of it is measured; it is named by its code."""
    measured = f"netvigil_signal_health_ratio{{{COUNTRY}}}"
    watched = f"{UNSEEN} + 0 * max by (entity) ({WATCHED}) unless on (entity) {measured}"
    return f'label_replace({watched}, "name", "$1", "entity", "(.*)")'


def not_judged() -> str:
    """3 or 4 for every measured or watched country without an all-clear, by its name."""
    return f"({named(sight(COUNTRY, 'entity') + ' > 0', 'entity', COUNTRY)} or {unseen_watched()})"


def not_judged_cells() -> str:
    """-3 or -4 for the countries without an all-clear: their names, or where they are many their number."""
    cells = []
    for state in (UNSEEN, TOO_NEW):
        own = f"({not_judged()} == {state})"
        number = f'count_values("number", count({own}) > {FEW})'
        cells.append(f"-{own} and on () count({own}) <= {FEW}")
        cells.append(f'label_replace(-{state} * {number}, "name", "$1 countries", "number", "(.*)")')
    return "\n  or ".join(cells)


def named(expr: str, by: str, places: str) -> str:
    """The same series with the names of their places."""
    names = (
        f"topk by ({by}) (1, max by ({by}, name) (netvigil_entity_info{{{places}}}))"  # a replay may have another name
    )
    return f"({expr}) * on ({by}) group_left (name) {names}"


def lowest(places: str, by: str) -> str:
    """The lowest ratio of a place's steady signals.

    A signal that varies by half of itself on ordinary days (a telescope, a small network) counts only where there is no
    other.  It is not the median, which jumps when a signal comes or goes.
    """
    ratio = f"netvigil_signal_ratio{{{places}}} >= 0"
    bounds = f"netvigil_signal_expected{{{places},bound="
    steady = f'{bounds}"lower"}} / ignoring (bound) {bounds}"expected"}} > 0.5'
    keys = "signal, entity_type, entity"
    return f"(min by ({by}) ({ratio} and on ({keys}) ({steady})) or min by ({by}) ({ratio}))"


def of_regions(country: str = "") -> str:
    """The ratio of all observed regions together, for countries without a series of their own.

    One series for each ``entity`` (the country) and signal.
    """
    regions = f'entity_type="region"{country}'
    home = f"group_left (country) max by (entity_type, entity, country) (netvigil_entity_info{{{regions}}})"
    seen = 'netvigil_signal_value{entity_type="region"} >= 0'
    usual = 'netvigil_signal_expected{entity_type="region",bound="expected"} >= 0'

    def summed(expr: str) -> str:
        return f"sum by (country, signal) (({expr}) * on (entity_type, entity) {home})"

    both = "on (signal, entity_type, entity)"
    share = f"{summed(f'{seen} and {both} {usual}')} / {summed(f'{usual} and {both} {seen}')}"
    own = f"max by (entity) (netvigil_signal_value{{{COUNTRY}}})"
    return f'(label_replace({share}, "entity", "$1", "country", "(.*)") unless on (entity) {own})'


def was_out(places: str, by: str) -> str:
    """The places that were out or suspected in the time of the board."""
    return f"max by ({by}) (max_over_time(netvigil_outage_active{{{places}}}[$__range] @ end()))"


def apart(ratio: str, places: str, by: str, asked: str, out: str) -> list[Json]:
    """A query for those of the places ``asked`` that were ``out``, and one for the others, which stay grey.

    They are not ranked by depth: places would exchange their colours during a night.
    """
    chosen = [f"{ratio} and on ({by}) ({asked}) {which} on ({by}) {out}" for which in ("and", "unless")]
    return [target(named(expr, by, places), "{{name}}") for expr in chosen]


APART = [of_query("B", color=OTHERS)]  # the colour of the second of those queries


def fresh(tense: str) -> str:
    """Event time of the chosen tenses, while it is fresh enough for an all-clear.

    What is live must not be older than `SILENT`; a replay or drill counts only where nothing live is chosen.
    """
    live = f'netvigil_event_timestamp_seconds{{{tense},tense="live"}}'
    other = f'netvigil_event_timestamp_seconds{{{tense},tense!="live"}}'
    return f"(max({live}) > time() - {SILENT} or max({other}) unless on () max(max_over_time({live}[1d])))"


def calm(tense: str) -> str:
    """Event time while an all-clear may be given: verdicts are fresh, and every country can be judged.

    Where nothing is observed there is no series.
    """
    seen = f"count({judged('', 'entity_type, entity')} == 0)"
    return f"({fresh(tense)} and on () {seen} unless on () count({not_judged()}))"


def ended(places: str, labels: str) -> str:
    """When each outage that ended in the time of the board was last shown as ended [s].

    A worker shows an end for two hours; this finds those of the night in the morning.
    """
    return f"max_over_time(timestamp(max by ({labels}) (netvigil_restored_info{{{places}}}))[$__range:1m])"


def moved_by_the_feed(of: str = "") -> Json:
    """The common move of all series of a signal; ``of``: an expression that selects signals."""
    shifted = "100 * min by (signal) (netvigil_feed_common_mode_ratio) - 100"
    return lines(
        "Moved by the feed itself",
        "How far all series of a signal, in all countries or networks, are from their level at once: a peer or a "
        "collector was lost or gained. The feed caused that. It is taken out before anything is judged, and is no "
        "outage. Where most countries moved alike by more than a tenth the feed is broken, and its signal is not "
        "judged. Zero: no such move. Not known of a signal of fewer than five countries, or networks of routes.",
        [target(f"({shifted}) and on (signal) {of}" if of else shifted, "{{signal}}")],
        unit="percent", decimals=0, noValue="Not recorded, or too few to tell",
        custom={"axisSoftMax": 5, "axisSoftMin": -10, "fillOpacity": 15},
    )  # fmt: skip
