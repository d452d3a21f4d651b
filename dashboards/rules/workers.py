"""Alerts on netvigil itself."""

from dashboards.rules.alert import Alert

BEHIND = 3 * 3600
"""Slow feeds hold the watermark 90 minutes back on a good day; twice that is no longer good [s]."""

ALERTS = (
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
        expr='absent(up{job="netvigil"} == 1)',
        severity="critical",
        summary="No netvigil worker is running: nothing is being watched.",
        description="No worker answers. Open outages stay open on the board, new ones go unnoticed.",
        pauses=2,
        labels={"job": "netvigil"},  # absent() of a comparison loses it
    ),
    Alert(
        name="NetvigilBehind",
        expr=f'time() - max(netvigil_event_timestamp_seconds{{tense="live"}}) > {BEHIND}',
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
        summary="Always firing: whoever stops hearing it knows that alerting is broken.",
        description="This alert is meant to fire. Connect it to a dead man's switch that rings when it stops.",
        pauses=0,
    ),
)
