"""The board of the feeds: which are alive, how late they are, and what of them could not be used."""

from dashboards.board import board, source_variable
from dashboards.boards.states import QUORUM, moved_by_the_feed
from dashboards.links import FEEDS
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
    timeline,
    words,
)  # fmt: skip

STATES = words(("1", "Alive", CALM), ("0", "DEAD", OUT))
RATE = "sum by (feed) (rate(netvigil_feed_messages_total[$__rate_interval]))"
LOST = "sum by (feed{more}) (increase({counter}[1h]))"  # few: a rate would be close to nothing


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
    """The signals that are not judged."""
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


def _feed_table() -> Json:
    def lost(counter: str) -> Json:
        return rows(LOST.format(more="", counter=counter))

    loss = {"unit": "locale", "decimals": 0, "noValue": "0", "custom__width": 125}
    return table(
        "Feeds",
        "A dead feed is not a dead country: what it measures is unknown until it is back.",
        [
            rows("min by (feed) (netvigil_feed_up)"),
            rows("time() - max by (feed) (netvigil_feed_last_event_timestamp_seconds)"),
            rows(RATE),
            lost("netvigil_dead_letters_total"),
            lost("netvigil_late_records_total"),
            rows("max by (feed, reason) (netvigil_feed_dead_info)"),
        ],
        columns={
            "feed": "Feed", "Value #A": "State", "reason": "Why it is dead", "Value #B": "Newest event",
            "Value #C": "Records", "Value #D": "Unusable in 1 h", "Value #E": "Late in 1 h",
        },
        join="feed", noValue="Not recorded",
        overrides=[
            override(
                "State",
                mappings=STATES,
                custom__cellOptions={"type": "color-background"},
                custom__width=90,
            ),
            override("Why it is dead", noValue=""),
            override("Newest event", unit="dtdurations", decimals=0),
            override("Records", unit="suffix:/s", decimals=1, noValue="0", custom__width=125),
            override("Unusable in 1 h", **loss),
            override("Late in 1 h", **loss),
        ],
    )  # fmt: skip


def _sources_healthy() -> Json:
    return bars(
        "Healthy sources of each signal",
        "Share of a signal's peers, probes or collectors that work. Below half, the signal is not judged: unknown, "
        "never outage.",
        latest("avg by (signal) (netvigil_bin_health_ratio)", "{{signal}}"),
        unit="percentunit", decimals=0, min=0, max=1, noValue="No signal recorded",
        thresholds=steps((None, OUT), (QUORUM, SUSPECT), (0.8, CALM)),
    )  # fmt: skip


def _alive() -> Json:
    return timeline(
        "Alive or dead",
        "A feed is dead when its server does not answer, its newest values are too old, or ingest is gone. What it "
        "measures is unknown then.",
        [target("min by (feed) (netvigil_feed_up)", "{{feed}}")],
        STATES, noValue="Not recorded",
    )  # fmt: skip


def _lag() -> Json:
    return lines(
        "Age of the newest event",
        "Seconds are usual for a stream, 20 to 90 minutes for what is published late. A line that rises steadily: the "
        "feed gives nothing new.",
        [target("time() - max by (feed) (netvigil_feed_last_event_timestamp_seconds)", "{{feed}}")],
        last=True, unit="s", noValue="Not recorded",
    )  # fmt: skip


def _messages() -> Json:
    return lines(
        "Records",
        "Records a second that were taken into bins or came too late.",
        [target(RATE, "{{feed}}")],
        last=True, unit="suffix:/s", decimals=2, noValue="Not recorded",
        custom={"scaleDistribution": {"type": "symlog", "log": 10, "linearThreshold": 0.01}},
    )  # fmt: skip


def _unusable() -> Json:
    return lines(
        "Dead letters in an hour",
        "Pieces of a feed that could not be used, by the reason. They are kept on the topic of dead letters for 30 "
        "days.",
        [target(LOST.format(more=", reason", counter="netvigil_dead_letters_total"), "{{feed}}: {{reason}}")],
        unit="locale", decimals=0, noValue="None",
    )  # fmt: skip


def _late() -> Json:
    return lines(
        "Late records in an hour",
        "Records that came after their bin was closed. They are kept on the late topic; no verdict rests on them.",
        [target(LOST.format(more="", counter="netvigil_late_records_total"), "{{feed}}")],
        unit="locale", decimals=0, noValue="None",
    )  # fmt: skip


def feeds() -> Json:
    """The board."""
    return board(
        FEEDS,
        "netvigil: feeds",
        "What netvigil is told: which feeds are alive, how late they are, and what of them is of no use.",
        [
            (5, 10, feeds_alive()),
            (19, 10, _feed_table()),
            (24, 7, _alive()),
            (12, 8, _lag()),
            (12, 8, _messages()),
            (12, 7, _unusable()),
            (12, 7, _late()),
            (5, 8, blind_signals()),
            (7, 8, _sources_healthy()),
            (12, 8, moved_by_the_feed()),
        ],
        variables=[source_variable()],
    )
