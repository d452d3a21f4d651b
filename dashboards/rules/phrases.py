"""Words in annotations, looked up when the alert fires.

They are looked up by ``query`` and not carried as labels: a label is part of an alert's identity, so that a better
estimate of the onset would resolve the alert and raise another one.
"""

PLACE = "entity_type=%q,entity=%q,tense=%q"
ARGUMENTS = "$labels.entity_type $labels.entity $labels.tense"


def word(metric: str, label: str, otherwise: str = "unknown") -> str:
    """A label of the place's series of an info metric."""
    return _looked(f"{metric}{{{PLACE}}}", f'. | first | label "{label}"', otherwise)


def share(metric: str, otherwise: str = "an unknown share") -> str:
    """The value of the place's series, as a percentage."""
    return _looked(f"max({metric}{{{PLACE}}})", ". | first | value | humanizePercentage", otherwise)


def lasting() -> str:
    """How long an open outage has been going on, in event time: the wall clock is no part of a replay."""
    start = f"max(netvigil_outage_start_timestamp_seconds{{{PLACE}}})"
    spent = f"(max(netvigil_event_timestamp_seconds{{tense=%q}}) - {start})"
    return _span(f"floor({spent} / 3600)", " h ") + _span(f"floor({spent} % 3600 / 60)", " min")


def evidence() -> str:
    """The signals that speak for an outage, with what they still show."""
    ratio = f"max by (signal) (netvigil_outage_evidence_ratio{{{PLACE}}})"
    speaks = f"max by (signal) (netvigil_outage_evidence_weight{{{PLACE}}}) > 0"
    query = f'query (printf "{_escaped(ratio)} and on (signal) {_escaped(speaks)}" {ARGUMENTS} {ARGUMENTS})'
    item = "{{ .Labels.signal }} at {{ .Value | humanizePercentage }} of usual"
    return f'{{{{ range $i, $e := {query} | sortByLabel "signal" }}}}{{{{ if $i }}}}, {{{{ end }}}}{item}{{{{ end }}}}'


def _span(query: str, unit: str) -> str:
    action = f'query (printf "{_escaped(query)}" $labels.tense {ARGUMENTS})'
    return f'{{{{ with {action} }}}}{{{{ . | first | value | printf "%.0f" }}}}{unit}{{{{ end }}}}'


def _looked(query: str, show: str, otherwise: str) -> str:
    action = f'query (printf "{query}" {ARGUMENTS})'
    return f"{{{{ with {action} }}}}{{{{ {show} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def _escaped(query: str) -> str:
    """For printf: a percent sign that is not a verb is doubled."""
    return query.replace(" % ", " %% ")
