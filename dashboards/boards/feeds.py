"""Panels on the health of feeds and signals."""

from dashboards.boards.states import QUORUM
from dashboards.panels import (
    BLIND,
    CALM,
    OUT,
    SUSPECT,
    Json,
    bars,
    latest,
    lines,
    override,
    rows,
    stat,
    steps,
    table,
    target,
    words,
)


def feeds_alive() -> Json:
    """How many feeds are dead."""
    dead = "count(min by (feed) (netvigil_feed_up) == 0)"
    return stat(
        "Dead feeds",
        "Feeds whose heartbeats are missing. What they measure is unknown meanwhile, which is no outage. "
        "Written history does not record feeds.",
        latest(f"{dead}\n  or on () 0 * count(netvigil_feed_up)", "dead"),
        noValue="Not recorded", mappings=words(("0", "None", CALM)), thresholds=steps((None, BLIND), (1, OUT)),
    )  # fmt: skip


def blind_signals() -> Json:
    """Signals with too few healthy sources."""
    health = "avg by (signal) (netvigil_bin_health_ratio)"
    none = f'label_replace(count({health}) - 1 - count({health}), "signal", "All signals see", "", "")'
    return stat(
        "Signals that cannot see",
        "Signals with too few healthy sources, or stuck: their feed repeats the same values. They are not judged in "
        "any country, so that a loss which only they would show is not found.",
        latest(f"{health} < {QUORUM}\n  or on () {none}", "{{signal}}"),
        text="value_and_name", above=True, unit="percentunit", decimals=0, noValue="Not recorded",
        mappings=words(("-1", "None", CALM)), thresholds=steps((None, BLIND), (0, SUSPECT)),
    )  # fmt: skip


def feed_table() -> Json:
    """Every feed: alive or dead, its newest event, its rates of messages and of losses."""

    def rate(counter: str) -> Json:
        return rows(f"sum by (feed) (rate({counter}[$__rate_interval]))")

    loss = {"unit": "suffix:/s", "decimals": 2, "noValue": "0", "custom__width": 125}
    return table(
        "Feeds",
        "A dead feed is not a dead country: what it measures is unknown until it is back.",
        [
            rows("min by (feed) (netvigil_feed_up)"),
            rows("time() - max by (feed) (netvigil_feed_last_event_timestamp_seconds)"),
            rate("netvigil_feed_messages_total"),
            rate("netvigil_dead_letters_total"),
            rate("netvigil_late_records_total"),
        ],
        columns={
            "feed": "Feed", "Value #A": "State", "Value #B": "Newest event", "Value #C": "Messages",
            "Value #D": "Unusable", "Value #E": "Late",
        },
        join="feed", noValue="Not recorded",
        overrides=[
            override(
                "State",
                mappings=words(("1", "Alive", CALM), ("0", "DEAD", OUT)),
                custom__cellOptions={"type": "color-background"},
                custom__width=90,
            ),
            override("Newest event", unit="dtdurations", decimals=0),
            override("Messages", unit="suffix:/s", decimals=1, noValue="0", custom__width=125),
            override("Unusable", **loss),
            override("Late", **loss),
        ],
    )  # fmt: skip


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


def sources_healthy() -> Json:
    """The share of healthy sources of each signal."""
    return bars(
        "Healthy sources of each signal",
        "Share of a signal's peers, probes or collectors that work. Below half, the signal is not judged: unknown, "
        "never outage.",
        latest("avg by (signal) (netvigil_bin_health_ratio)", "{{signal}}"),
        unit="percentunit", decimals=0, min=0, max=1, noValue="No signal recorded",
        thresholds=steps((None, OUT), (QUORUM, SUSPECT), (0.8, CALM)),
    )  # fmt: skip
