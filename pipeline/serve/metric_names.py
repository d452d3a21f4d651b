"""Names, labels and help texts of all metrics: an interface that boards, rules and other tools read."""

from typing import NamedTuple

PREFIX = "netvigil_"
GAUGE, COUNTER, HISTOGRAM = "gauge", "counter", "histogram"


class Family(NamedTuple):
    """One metric: its kind, name (of a counter without ``_total``), labels and help."""

    kind: str
    name: str
    labels: tuple[str, ...]
    text: str


SERIES = ("signal", "entity_type", "entity")
OUTAGE = ("entity_type", "entity", "kind", "tense")
PLACE = ("entity_type", "entity", "tense")
TEXTS = ("country", "name")
ENDING = ("outcome", "what", "since_local", "until_local", "until_utc", "lasted")


def _gauge(name: str, labels: tuple[str, ...], text: str) -> Family:
    return Family(GAUGE, PREFIX + name, labels, text)


def _counter(name: str, labels: tuple[str, ...], text: str) -> Family:
    return Family(COUNTER, PREFIX + name, labels, text)


_ALL = (
    _gauge("signal_value", SERIES, "Last bin, in the signal's unit; NaN = not observed."),
    _gauge("signal_ratio", SERIES, "Last bin as a share of what was expected."),
    _gauge("signal_expected", (*SERIES, "bound"), "What was expected of the last bin, with bounds."),
    _gauge("signal_score", SERIES, "Robust standard deviations of the last bin from expectation; low is negative."),
    _gauge("signal_health_ratio", SERIES, "Share of the sources of the last bin that were healthy [0-1]."),
    _gauge("signal_settled", SERIES, "1 = there is past enough for an outage to be confirmed, 0 = too new to judge."),
    _gauge(
        "entity_info",
        ("entity_type", "entity", *TEXTS, "mobile"),
        "Name and country of an entity that has series, or a part that has.",
    ),
    _gauge("outage_active", OUTAGE, "1 = a confirmed outage is open, 0 = it is only suspected, no series = no outage."),
    _gauge("outage_probability_ratio", OUTAGE, "How sure we are that an open outage is one [0-1]."),
    _gauge("outage_severity_ratio", OUTAGE, "Share of the baseline that an open outage lost at its worst [0-1]."),
    _gauge("outage_depth_ratio", OUTAGE, "Share of the baseline that an open outage has lost by now [0-1]."),
    _gauge("outage_start_timestamp_seconds", OUTAGE, "Onset of an open outage, event time."),
    _gauge(
        "outage_grown",
        PLACE,
        "How far a country's outage has grown since it was confirmed: quarters deeper, and networks and regions more.",
    ),
    _gauge("outage_info", (*PLACE, *TEXTS, "state", "what", "since_local", "since_utc"), "An open outage in words."),
    _gauge(
        "outage_evidence_weight",
        (*PLACE, "signal", "name"),
        "Log Bayes factor of a term of an open outage.",
    ),
    _gauge(
        "outage_evidence_ratio",
        (*PLACE, "signal", "name"),
        "Share of its baseline that a signal of an open outage shows.",
    ),
    _gauge(
        "outage_likeness", (*PLACE, "looks"), "How much a confirmed outage looks like published shutdowns [log-odds]."
    ),
    _gauge(
        "outage_sign_weight",
        (*PLACE, "sign", "name", "source"),
        "One term of that likeness, and its source [log-odds].",
    ),
    _gauge("outage_restored_timestamp_seconds", PLACE, "End of an outage that ended lately, event time."),
    _gauge("outage_duration_seconds", PLACE, "Length of an outage that ended lately, event time."),
    _gauge(
        "outage_regained_ratio", PLACE, "Share of the baseline that is back after an outage that ended lately [0-1]."
    ),
    _gauge("restored_info", (*PLACE, *TEXTS, *ENDING), "An outage that ended or was retracted lately, in words."),
    _counter("outages", ("entity_type", "tense", "state"), "Outages that came into a state."),
    Family(
        HISTOGRAM,
        PREFIX + "detection_latency_seconds",
        ("tense",),
        "From the onset of an outage to its confirmation, event time.",
    ),
    _gauge("feed_up", ("feed",), "1 = the feed is alive, 0 = its heartbeats are missing."),
    _gauge("feed_dead_info", ("feed", "reason"), "Why a dead feed is dead, in words."),
    _gauge("feed_last_event_timestamp_seconds", ("feed",), "Event time that a feed has reached."),
    _gauge(
        "feed_common_mode_ratio",
        ("feed", "signal"),
        "Share of its level at which every series of a signal stood at once: the feed's doing; 1 = none.",
    ),
    _counter("feed_common_moves", ("feed", "signal"), "Bins in which all series of a signal had moved at once."),
    _counter("feed_messages", ("feed",), "Messages that a feed gave."),
    _counter("dead_letters", ("feed", "reason"), "Messages that could not be used."),
    _counter("late_records", ("feed",), "Records that came after their bin was closed."),
    _counter("missed_bins", ("signal",), "Bins of entities that a dead feed handed in after their time was fused."),
    _gauge(
        "bin_health_ratio", ("signal",), "Mean share of a signal's sources that were healthy in the last bin [0-1]."
    ),
    _gauge("event_timestamp_seconds", ("tense",), "Event time up to which all that has come was judged and fused."),
    _gauge("watch_active", ("country", "name"), "1 = a watch is on, 0 = it is to come."),
    _gauge("build_info", ("version", "tense"), "Version of netvigil, and the tense whose feeds and signals it shows."),
)

FAMILIES = {family.name.removeprefix(PREFIX): family for family in _ALL}
"""Every metric, by its name without `PREFIX`, as in the points of `pipeline.explain.metric_points`."""

ENDINGS = {GAUGE: ("",), COUNTER: ("_total",), HISTOGRAM: ("_bucket", "_count", "_sum")}
