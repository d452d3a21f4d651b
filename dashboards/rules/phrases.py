"""Words in annotations, looked up when the alert fires.

They are looked up by ``query`` and not carried as labels: a label is part of an alert's identity, so that a better
estimate of the onset would resolve the alert and raise another one.
"""

PLACE = "entity_type=%q,entity=%q,tense=%q"
PARTS = "'parts.together'"
"""Of this term what is left is the share of a country's parts that did not go out."""

ARGUMENTS = "$labels.entity_type $labels.entity $labels.tense"


def word(metric: str, label: str, otherwise: str = "unknown") -> str:
    """A label of the place's series of an info metric."""
    return _looked(f"{metric}{{{PLACE}}}", f'. | first | label "{label}"', otherwise)


def share(metric: str, otherwise: str = "an unknown share") -> str:
    """The value of the place's series, as whole percent."""
    return _looked(f"100 * max({metric}{{{PLACE}}})", '. | first | value | printf "%.0f%%"', otherwise)


def rest(metric: str, otherwise: str = "an unknown share") -> str:
    """What the value of the place's series leaves of the whole, as whole percent."""
    return _looked(f"100 - 100 * max({metric}{{{PLACE}}})", '. | first | value | printf "%.0f%%"', otherwise)


def certainty(metric: str, otherwise: str = "not yet") -> str:
    """A probability as whole percent: nobody is a hundred percent sure."""
    show = 'if gt (. | first | value) 99.0 }}over 99%{{ else }}{{ . | first | value | printf "%.0f%%" }}{{ end'
    return _looked(f"100 * max({metric}{{{PLACE}}})", show, otherwise)


def lasting() -> str:
    """How long an open outage has been going on, in event time: the wall clock is no part of a replay."""
    start = f"max(netvigil_outage_start_timestamp_seconds{{{PLACE}}})"
    spent = f"(max(netvigil_event_timestamp_seconds{{tense=%q}}) - {start})"
    return _span(f"floor({spent} / 3600)", " h ") + _span(f"floor({spent} % 3600 / 60)", " min")


def evidence() -> str:
    """The signals that speak for an outage, with what they still show; and how many of its parts went out at once."""
    ratio = f"100 * max by (signal, name) (netvigil_outage_evidence_ratio{{{PLACE},signal!={PARTS}}})"
    speaks = f"max by (signal) (netvigil_outage_evidence_weight{{{PLACE}}}) > 0"
    query = f'query (printf "{_escaped(ratio)} and on (signal) {_escaped(speaks)}" {ARGUMENTS} {ARGUMENTS})'
    item = '{{ .Labels.name }} at {{ .Value | printf "%.0f%%" }} of usual'
    each = f"{{{{ if $i }}}}, {{{{ end }}}}{item}{{{{ else }}}}unknown{{{{ end }}}}"
    parts = f"100 - 100 * max(netvigil_outage_evidence_ratio{{{PLACE},signal={PARTS}}})"
    together = f'query (printf "{parts}" {ARGUMENTS})'
    share = '{{ . | first | value | printf "%.0f%%" }} of its parts at once'
    return (
        f'{{{{ range $i, $e := {query} | sortByLabel "signal" }}}}{each}{{{{ with {together} }}}}, {share}{{{{ end }}}}'
    )


def looks() -> str:
    """Whether it looks like a shutdown, a sentence; of what is a part of an outage nothing."""
    action = f'query (printf "netvigil_outage_likeness{{{PLACE}}}" {ARGUMENTS})'
    said = 'Looks like a shutdown: {{ . | first | label "looks" }}; never an attribution. '
    return f"{{{{ with {action} }}}}{said}{{{{ end }}}}"


def _span(query: str, unit: str) -> str:
    action = f'query (printf "{_escaped(query)}" $labels.tense {ARGUMENTS})'
    return f'{{{{ with {action} }}}}{{{{ . | first | value | printf "%.0f" }}}}{unit}{{{{ end }}}}'


def _looked(query: str, show: str, otherwise: str) -> str:
    action = f'query (printf "{query}" {ARGUMENTS})'
    return f"{{{{ with {action} }}}}{{{{ {show} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def _escaped(query: str) -> str:
    """For printf: a percent sign that is not a verb is doubled."""
    return query.replace(" % ", " %% ")
