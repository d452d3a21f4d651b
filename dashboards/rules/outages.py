"""Alerts on outages.  Only confirmed outages notify, and only those of a country are critical.

Texts of an outage are looked up by ``query`` when the alert fires.  They are not labels, since labels are the identity
of an alert: with a better estimate of the onset it would resolve, and another one would fire.
"""

from dashboards.rules.alert import Alert, Record

PLACE = "entity_type=%q,entity=%q,tense=%q"
TOLD = 1  # weight from which a signal is told as evidence [log-odds]
CLEAR = 1  # likeness from which it is told [log-odds]
STANDS = 0.8  # share of usual in all its signals with which a network stands [0-1]
ARGUMENTS = "$labels.entity_type $labels.entity $labels.tense"


def word(metric: str, label: str, otherwise: str = "unknown") -> str:
    """A label of the place's series of an info metric."""
    return _looked(f"{metric}{{{PLACE}}}", f'. | first | label "{label}"', otherwise)


def share(metric: str) -> str:
    """The value of the place's series, as whole percent."""
    query = f"100 * max({metric}{{{PLACE}}})"
    return _looked(query, '. | first | value | printf "%.0f%%"', "an unknown share")


def certainty(metric: str) -> str:
    """A probability as whole percent, never 100 %."""
    show = 'if gt (. | first | value) 99.0 }}over 99%{{ else }}{{ . | first | value | printf "%.0f%%" }}{{ end'
    return _looked(f"100 * max({metric}{{{PLACE}}})", show, "not yet")


def lasting() -> str:
    """How long an outage has been open, in event time: a replay has no wall clock."""
    start = f"max(netvigil_outage_start_timestamp_seconds{{{PLACE}}})"
    spent = f"(max(netvigil_event_timestamp_seconds{{tense=%q}}) - {start})"
    return _span(f"floor({spent} / 3600)", " h ") + _span(f"floor({spent} % 3600 / 60)", " min")


def evidence() -> str:
    """The signals that are evidence for an outage, with their ratios."""
    ratio = f"100 * max by (signal, name) (netvigil_outage_evidence_ratio{{{PLACE}}})"
    is_for = f"max by (signal) (netvigil_outage_evidence_weight{{{PLACE}}}) >= {TOLD}"
    query = f'query (printf "{_escaped(ratio)} and on (signal) {_escaped(is_for)}" {ARGUMENTS} {ARGUMENTS})'
    item = '{{ .Labels.name }} at {{ .Value | printf "%.0f%%" }} of usual'
    each = f"{{{{ if $i }}}}, {{{{ end }}}}{item}{{{{ else }}}}unknown{{{{ end }}}}"
    return f'{{{{ range $i, $e := {query} | sortByLabel "signal" }}}}{each}'


def networks() -> str:
    """Which networks and regions of a country are out, with what each has lost now, and which networks stand."""
    home = "country=%q,tense=%q"
    lost = (
        "100 * max by (name) (max by (entity_type, entity, tense) (netvigil_outage_depth_ratio) "
        "* on (entity_type, entity, tense) group_left (name) max by (entity_type, entity, tense, name) "
        f'(netvigil_outage_info{{entity_type=~\\"asn|region\\",state=\\"confirmed\\",{home}}}))'
    )
    stand = (
        'max by (entity, name) (netvigil_entity_info{entity_type=\\"asn\\",country=%q}) '
        'unless on (entity) netvigil_outage_info{entity_type=\\"asn\\",tense=%q} '
        f'and on (entity) min by (entity) (netvigil_signal_ratio{{entity_type=\\"asn\\"}}) > {STANDS}'
    )
    name = '{{ reReplaceAll "(, AS[0-9]+)? [(].*" "" .Labels.name }}'
    said = [("Out", lost, ' {{ .Value | printf "%.0f%%" }}'), ("Stand", stand, "")]
    each = "".join(
        f'{{{{ range $i, $e := query (printf "{query}" $labels.country $labels.tense) | sortByLabel "name" }}}}'
        f"{{{{ if $i }}}}, {{{{ else }}}}{word}: {{{{ end }}}}{name}{value}{{{{ end }}}}"
        f'{{{{ if query (printf "{query}" $labels.country $labels.tense) }}}}. {{{{ end }}}}'
        for word, query, value in said
    )
    return f'{{{{ if eq $labels.entity_type "country" }}}}{each}{{{{ end }}}}'


def looks() -> str:
    """A sentence on whether it looks like a shutdown, where that is clear; a part of an outage has none."""
    action = f'query (printf "netvigil_outage_likeness{{{PLACE}}} > {CLEAR}" {ARGUMENTS})'
    said = 'Looks like a shutdown: {{ . | first | label "looks" }}; never an attribution. '
    return f"{{{{ with {action} }}}}{said}{{{{ end }}}}"


def _span(query: str, unit: str) -> str:
    action = f'query (printf "{_escaped(query)}" $labels.tense {ARGUMENTS})'
    return f'{{{{ with {action} }}}}{{{{ . | first | value | printf "%.0f" }}}}{unit}{{{{ end }}}}'


def _looked(query: str, show: str, otherwise: str) -> str:
    action = f'query (printf "{query}" {ARGUMENTS})'
    return f"{{{{ with {action} }}}}{{{{ {show} }}}}{{{{ else }}}}{otherwise}{{{{ end }}}}"


def _escaped(query: str) -> str:
    """For printf: a percent sign that is an operator is doubled."""
    return query.replace(" % ", " %% ")


OPEN = "netvigil:outage_open:max"  # 1 = confirmed, 0 = suspected; one series for each place and tense
RECORDS = (
    Record(
        OPEN,
        # While no worker is up, no outage ends: a crash must not read as "Pakistan is back".
        """max by (entity_type, entity, tense) (netvigil_outage_active)
  * on (entity_type, entity, tense) group_left (country, name)
  max by (entity_type, entity, tense, country, name) (netvigil_outage_info)
or
last_over_time(netvigil:outage_open:max[5m]) unless on () (up{job="netvigil"} == 1)""",
    ),
)

WHAT, SINCE = word("netvigil_outage_info", "what", "connectivity down"), word("netvigil_outage_info", "since_local")
SINCE_UTC, LOST, NOW, SURE = (
    word("netvigil_outage_info", "since_utc"),
    share("netvigil_outage_severity_ratio"),
    share("netvigil_outage_depth_ratio"),
    certainty("netvigil_outage_probability_ratio"),
)
# Without the words of the title, which every receiver shows above.
STORY = (
    f"Since {SINCE}, that is {SINCE_UTC}; {lasting()} by now. Lost now {NOW}, at worst {LOST}. {networks()}"
    f"Evidence: {evidence()}. {looks()}We are {SURE} sure."
)
FACTS = {"what": WHAT, "since_local": SINCE, "since_utc": SINCE_UTC, "lasting": lasting(), "lost": LOST, "sure": SURE}


def _confirmed(severity: str, places: str) -> Alert:
    return Alert(
        name="NetvigilOutageConfirmed",
        expr=f"{OPEN}{{{places}}} == 1",
        severity=severity,
        summary="A connectivity outage is confirmed.",
        title=f"{{{{ $labels.name }}}}: {WHAT}",
        description=STORY,
        pauses=0,
        holds=True,
        annotations=FACTS,
    )


def _over(name: str, outcome: str, summary: str, title: str, description: str) -> Alert:
    places = "entity_type, entity, tense, country, name"
    return Alert(
        name=name,
        # The end of a part is told with that of its country.
        expr=f'max by ({places}) (netvigil_restored_info{{outcome="{outcome}"}})\n'
        f"  unless on (entity_type, entity, tense) {OPEN}\n"
        f'  unless on (entity_type, entity, tense) (netvigil_restored_info{{entity_type!="country"}} '
        f'and on (country, tense) max_over_time({OPEN}{{entity_type="country"}}[6h]) == 1)',
        severity="warning",
        summary=summary,
        title=title,
        description=description,
        pauses=0,
        annotations={name: word("netvigil_restored_info", name) for name in ENDED},
    )


ENDED = ("what", "since_local", "until_local", "until_utc", "lasted")
LASTED, FROM, UNTIL, UNTIL_UTC = (
    word("netvigil_restored_info", name) for name in ("lasted", "since_local", "until_local", "until_utc")
)

ALERTS = (
    # Parts first: they must resolve before their country, which mutes them.
    _confirmed("warning", 'entity_type!="country"'),
    _confirmed("critical", 'entity_type="country"'),
    Alert(
        name="NetvigilOutageGrown",
        # Growth that has settled: networks that fall one after the other are one message.
        expr=f"""{OPEN}{{entity_type="country"}}
  * on (entity_type, entity, tense) group_left () max by (entity_type, entity, tense) (netvigil_outage_grown)
  > 0""",
        severity="critical",
        summary="A confirmed outage has grown.",
        title=f"{{{{ $labels.name }}}}, more: {WHAT}",
        description=STORY,
        pauses=5,
        labels={"grown": "{{ $value }}"},
        annotations=FACTS,
    ),
    Alert(
        name="NetvigilOutageSuspected",
        expr=f"{OPEN} == 0",
        severity="info",
        summary="A connectivity outage is suspected, not confirmed.",
        title=f"{{{{ $labels.name }}}}: suspected, {WHAT}",
        description=STORY,
        annotations=FACTS,
    ),
    _over(
        "NetvigilOutageRestored",
        "restored",
        "A connectivity outage is over.",
        f"{{{{ $labels.name }}}}: back after {LASTED}",
        f"Back since {UNTIL}, that is {UNTIL_UTC}. It was out for {LASTED}, from {FROM}. "
        f"The signals that fell are back at {share('netvigil_outage_regained_ratio')} of usual.",
    ),
    _over(
        "NetvigilOutageRetracted",
        "retracted",
        "A confirmed outage is taken back: it was none.",
        "{{ $labels.name }}: the outage is taken back",
        "What was confirmed as an outage since "
        f"{word('netvigil_restored_info', 'since_local')} was none. Please correct what you have published.",
    ),
)
