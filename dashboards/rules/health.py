"""Alerts on the health of feeds and workers: a dead feed must look neither like an outage nor like a quiet country."""

from dashboards.rules.alert import Alert

QUORUM = 0.5  # share of healthy sources below which a bin is not judged, as in fusion [0-1]
SILENT = 3 * 3600  # age at which the newest event or verdict is an alert [s]: twice what slow feeds are late
BLIND = 3  # pauses for which sources must be too few: with the bin that shows it, two bins of routes before the alert
START = 1200  # how long the first start of a worker may take [s]
DEAD_SHARE, LATE_SHARE = 0.01, 0.05  # share of a feed's messages that may be unusable, and late [0-1]


NOT_LIVE = 'netvigil_build_info{tense!="live"}'  # workers that show a replay or a drill: their feeds raise no alert


def _live(expr: str) -> str:
    return f"({expr} unless on (job, instance) {NOT_LIVE})"


def _share(counter: str, most: float) -> str:
    """More than this share of a feed's messages were lost; where none are counted, any loss is too much."""
    lost, all_ = (f"sum by (feed) {_live(f'rate({name}[WINDOW])')}" for name in (counter, MESSAGES))
    return f"{lost}\n  > {most} * ({all_} or 0 * {lost})"


MESSAGES = "netvigil_feed_messages_total"
WHY = "netvigil_feed_dead_info"
HEALTH = _live('netvigil_signal_health_ratio{entity_type="country"}')


FEED_ALERTS = (
    Alert(
        name="NetvigilFeedDead",
        expr=f"min by (feed) {_live('netvigil_feed_up')} == 0",
        severity="warning",
        summary="A feed is dead.",
        title="Feed {{ $labels.feed }} is dead",
        description="The feed {{ $labels.feed }} gives nothing; `netvigil check --feed {{ $labels.feed }}` says why. "
        "What it measures is unknown until it is back, which is not an outage of any country.",
        pauses=BLIND + 1,  # a country that cannot be seen comes first, and mutes it
        holds=True,
    ),
    Alert(
        name="NetvigilFeedSilent",
        expr=f"time() - max by (feed) {_live('netvigil_feed_last_event_timestamp_seconds')} > {SILENT}\n"
        "  and on (feed) min by (feed) (netvigil_feed_up) == 1",
        severity="warning",
        summary="A feed is alive, but its newest event is old.",
        title="Feed {{ $labels.feed }} has no new events",
        description="The newest event of the feed {{ $labels.feed }} is {{ $value | humanizeDuration }} old.",
        pauses=5,
        holds=True,
    ),
    Alert(
        name="NetvigilSignalBlind",
        expr=f"avg by (signal) {_live('netvigil_bin_health_ratio')} < {QUORUM}",
        severity="warning",
        summary="Too few of a signal's sources are healthy.",
        title="Signal {{ $labels.signal }} is blind",
        description="Only {{ $value | humanizePercentage }} of the sources of {{ $labels.signal }} are healthy. "
        "This signal cannot tell which countries are out. That is no outage.",
        pauses=BLIND,
        holds=True,
    ),
    Alert(
        name="NetvigilCountryBlind",
        expr=f"(\n  max by (country) (label_replace({HEALTH}, "
        f'"country", "$1", "entity", "(.*)")) < {QUORUM}\n'
        "  and on (country) max by (country) (netvigil_watch_active) == 1\n)\n"
        "or\nmax by (country) (netvigil_watch_active) == 1\n  unless on (country) "
        f'label_replace({HEALTH}, "country", "$1", "entity", "(.*)")',
        severity="critical",
        summary="A watched country cannot be seen.",
        title="We cannot see {{ $labels.country }}",
        description="No signal of the watched country {{ $labels.country }} has enough healthy sources. An outage "
        "there would go unnoticed: seeing none does not mean that there is none."
        f"{{{{ range $n, $why := query `count by (reason) {_live(WHY)}` | sortByLabel `reason` }}}}"
        "{{ if $n }}; {{ else }} Dead feeds: {{ end }}"
        f"{{{{ range $i, $e := query (printf `count by (feed) {_live(WHY + '{reason=%q}')}` $why.Labels.reason)"
        " | sortByLabel `feed` }}"
        "{{ if $i }}, {{ end }}{{ .Labels.feed }}{{ end }} ({{ $why.Labels.reason }}){{ end }}",
        pauses=BLIND,
        holds=True,
    ),
    Alert(
        name="NetvigilDeadLetters",
        expr=_share("netvigil_dead_letters_total", DEAD_SHARE),
        severity="warning",
        summary="Many messages of a feed cannot be used.",
        title="Feed {{ $labels.feed }} sends what we cannot read",
        description='{{ $value | printf "%.2f" }} messages a second of the feed {{ $labels.feed }} cannot be used. Its '
        "format may have changed; what it measures may be incomplete.",
        pauses=10,
    ),
    Alert(
        name="NetvigilLateRecords",
        expr=_share("netvigil_late_records_total", LATE_SHARE),
        severity="warning",
        summary="Many records of a feed come too late.",
        title="Records of feed {{ $labels.feed }} come too late",
        description='{{ $value | printf "%.2f" }} records a second of the feed {{ $labels.feed }} come after their bin '
        "was closed. They are kept in the late topic, but no verdict rests on them.",
        pauses=10,
    ),
)

WORKER_ALERTS = (
    Alert(
        name="NetvigilWorkerDown",
        expr='up{job=~"netvigil.*"} == 0',
        severity="warning",
        summary="A netvigil process does not answer.",
        title="{{ $labels.job }} at {{ $labels.instance }} does not answer",
        description="{{ $labels.instance }} of {{ $labels.job }} cannot be scraped. Another worker takes its part over "
        "within seconds; if there is none, NetvigilWorkerAbsent follows.",
        pauses=2,
    ),
    Alert(
        name="NetvigilWorkerAbsent",
        # One that was there is missed at once; a first start may take a while.
        expr='absent(up{job="netvigil"} == 1)\n'
        '  unless on () (absent_over_time((up{job="netvigil"} == 1)[1d:1m])\n'
        f'  and on () time() - min(process_start_time_seconds{{job="prometheus"}}) < {START})',
        severity="critical",
        summary="No netvigil worker is running: nothing is being watched.",
        description="No worker answers. Open outages stay open on the board, new ones go unnoticed.",
        pauses=2,
        labels={"job": "netvigil"},  # absent() of a comparison loses it
    ),
    Alert(
        name="NetvigilBehind",
        expr=f'time() - max(netvigil_event_timestamp_seconds{{tense="live"}}) > {SILENT}',
        severity="critical",
        summary="Verdicts are far behind the present.",
        title="Verdicts are {{ $value | humanizeDuration }} behind",
        description="What the board shows is {{ $value | humanizeDuration }} old: an outage of the last hours is not "
        "in it. A feed holds the watermark back, or the workers do not keep up.",
        pauses=5,
        holds=True,
    ),
    Alert(
        name="NetvigilWatchdog",
        expr="vector(1)",
        severity="none",
        summary="Always firing: when it stops, alerting is broken.",
        description="This alert is meant to fire. Connect it to a dead man's switch that rings when it stops.",
        pauses=0,
    ),
)
