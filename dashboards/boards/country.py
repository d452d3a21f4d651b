"""The board of one country: its outage, its signals compared with usual, and their health."""

from typing import Any

from dashboards.board import board, outage_marks, source_variable, tense_variable, variable
from dashboards.boards.states import (
    APART,
    COUNTRY,
    QUORUM,
    STATE_WORDS,
    apart,
    ended,
    lowest,
    moved_by_the_feed,
    named,
    of_regions,
    open_state,
    sight,
    was_out,
)
from dashboards.links import COUNTRY as COUNTRY_BOARD
from dashboards.panels import (
    BACK,
    BLIND,
    CALM,
    INK,
    SURE,
    SUSPECT,
    Json,
    latest,
    lines,
    of_query,
    override,
    row,
    rows,
    stat,
    steps,
    table,
    target,
    timeline,
    words,
)

HERE = f'{COUNTRY},entity="$country"'
SIGNAL = 'signal=~"$signal"'
OWN = f"{HERE},{SIGNAL}"
TENSE = 'tense=~"$tense"'
SLOW = 'signal=~".+/.+"'  # evidence of a slow loss, which a ratio does not show: the expected value goes down with it
OF_ITS_REGIONS = of_regions(',country="$country"')  # the ratio of a country without a signal of its own, by its regions
PLACE = "entity_type, entity"
OUTAGE = f"{HERE},{TENSE}"
BAND = {"custom__lineWidth": 0, "color": {"mode": "fixed", "fixedColor": BLIND}, "custom__showPoints": "never"}
UNLISTED = {"legend": True, "tooltip": False, "viz": False}
USUAL = [
    override("usual, from", **BAND, custom__hideFrom=UNLISTED),
    override("usual range", **BAND, custom__fillBelowTo="usual, from", custom__fillOpacity=18),
]
DASHED = {"fill": "dash", "dash": [6, 6]}


def _state() -> Json:
    states = f"{open_state(OUTAGE, 'entity')}\nor {sight(HERE, 'entity')}"
    return stat(
        "Now",
        "The state of the country at the end of the board's time. Grey: no all-clear. Either too few sources are "
        "healthy, or there is too little past yet to compare with, without which nothing is said.",
        latest(named(states, "entity", HERE), "{{name}}"),
        text="value_and_name", above=True,
        mappings=STATE_WORDS, noValue="No signal of its own", thresholds=steps((None, BLIND)),
    )  # fmt: skip


def _told(title: str, description: str, label: str) -> Json:
    query = rows(f"max by ({label}) (netvigil_outage_info{{{OUTAGE}}})")
    return stat(title, description, query, fields=label, noValue="–", thresholds=steps((None, INK)))


def _number(title: str, description: str, metric: str, unit: str, **shown: Any) -> Json:
    shown = {"decimals": 0, "thresholds": steps((None, INK)), **shown}
    return stat(title, description, latest(metric, title), noValue="–", unit=unit, **shown)


def _duration() -> Json:
    start = f"max by (tense) (netvigil_outage_start_timestamp_seconds{{{OUTAGE}}})"
    return _number(
        "For", "How long the open outage has been going on, in event time.",
        f"max(max by (tense) (netvigil_event_timestamp_seconds) - on (tense) {start})", unit="dtdurations", decimals=1,
    )  # fmt: skip


def _compared() -> Json:
    def bound(name: str) -> str:
        of = f"netvigil_signal_expected{{{OWN},bound="
        share = f'{of}"{name}"}} / ignoring (bound) {of}"expected"}}'
        return _judged_only(f"{share} >= 0")  # NaN, while there is no past to compare with, is no series

    ratio = _judged_only(f"netvigil_signal_ratio{{{OWN}}} >= 0")
    return lines(
        "Connectivity compared with usual",
        "Every signal that can be judged as a share of what is expected at that hour of the week: 100 % is an ordinary "
        "day. The grey band is the range of ordinary days. A gap was not observed, or could not be judged. "
        "A country without its own signal is judged by its regions together. Dashed: how low a slow loss got, by daily "
        "means.",
        [
            target(f"max by (signal) ({ratio})", "{{signal}}"),
            target(f"max by (signal) ({OF_ITS_REGIONS})", "{{signal}}, its regions together"),
            target(f"clamp(quantile(0.5, {bound('lower')}), 0, 1)", "usual, from"),
            target(f"clamp(quantile(0.5, {bound('upper')}), 1, 1.2)", "usual range"),
            target(f"max by (name) (netvigil_outage_evidence_ratio{{{OUTAGE},{SLOW}}})", "{{name}}"),
        ],
        unit="percentunit", min=0, max=1.2, noValue="No signal recorded, or none that can be judged: see below",
        overrides=[
            of_query("E", custom__lineStyle=DASHED),
            *USUAL,
        ],
    )  # fmt: skip


def _one_signal() -> Json:
    panel = lines(
        "$signal",
        "The signal in its own unit, its expected value, and the range of ordinary days (grey band).",
        [
            target(f"max(netvigil_signal_value{{{OWN}}} >= 0)", "measured"),
            # NaN, while nothing is expected yet, would empty the graph
            target(f'max(netvigil_signal_expected{{{OWN},bound="expected"}} >= 0)', "expected"),
            target(f'max(netvigil_signal_expected{{{OWN},bound="lower"}} >= 0)', "usual, from"),
            target(f'max(netvigil_signal_expected{{{OWN},bound="upper"}} >= 0)', "usual range"),
        ],
        unit="short", min=0,
        overrides=[
            override("measured", color={"mode": "fixed", "fixedColor": CALM}),
            override("expected", color=BAND["color"], custom__lineStyle=DASHED, custom__lineWidth=1),
            *USUAL,
        ],
    )  # fmt: skip
    return {**panel, "repeat": "signal", "repeatDirection": "h", "maxPerRow": 3}


NOTHING = "No signal recorded of any part of the country"


def _parts_over_time() -> Json:
    parts = 'entity_type!="country"'
    states = f"{open_state(f'{parts},{TENSE}', PLACE)}\nor {sight(parts, PLACE)}"
    return timeline(
        "Networks, regions and services over time",
        "Parts of the country that are watched, or out. Mobile networks often go dark while fixed lines stay up. Bars "
        "begin when an outage was known; its onset, which is found afterwards, is under Since.",
        [target(named(states, PLACE, f'{parts},country="$country"'), "{{name}}")],
        STATE_WORDS,
        shortened=True, noValue=NOTHING,
    )  # fmt: skip


def _parts_compared() -> Json:
    parts = 'entity_type!="country"'
    ratio = lowest(f"{parts},{SIGNAL}", PLACE)
    own = f'netvigil_entity_info{{{parts},country="$country"}}'
    asked = f"max by ({PLACE}) (max_over_time({own}[$__range] @ end()))"
    return lines(
        "Networks and regions compared with usual",
        "The lowest of every part's steady signals, as a share of what is expected at that hour of the week. Each part "
        "that was out or suspected in this time has a colour, the same at all times; the others are grey.",
        apart(ratio, parts, PLACE, asked, was_out(f"{parts},{TENSE}", PLACE)),
        unit="percentunit", min=0, max=1.2, last=True, noValue=NOTHING, overrides=APART,
    )  # fmt: skip


NEITHER = "neither for nor against"  # the line at zero


def _evidence() -> Json:
    zero = f'label_replace(0 * count(netvigil_entity_info{{country="$country"}}), "name", "{NEITHER}", "", "")'
    terms = f"netvigil_outage_evidence_weight{{{OUTAGE}}}"
    zeroed = f"0 * max by (name) (max_over_time({terms}[$__range] @ end()))"  # a line that comes back to zero
    panel = lines(
        "Evidence: above 0 for an outage, below against",
        "The log Bayes factor of each signal: above the line it is evidence for an outage, below it against one; on "
        "the line it is neither. 3 makes an outage twenty times likelier, −3 twenty times less likely. Together with "
        "what is known without its signals they add up to the log-odds of *Sure*. With the line alone, no outage is "
        "open.",
        [target(f"max by (name) ({terms})\n  or {zeroed}\n  or {zero}", "{{name}}")],
        last=True, unit="none", decimals=1, noValue="Not known",
        overrides=[override(NEITHER, color=BAND["color"], custom__hideFrom=UNLISTED)],
        custom={"axisSoftMin": -3, "axisSoftMax": 9, "fillOpacity": 12, "showPoints": "never"},
    )  # fmt: skip
    panel["options"]["legend"]["displayMode"] = "table"  # a line for each signal with what it says now
    return panel


def _deviation() -> Json:
    score = f"netvigil_signal_score{{{OWN}}}"
    return lines(
        "How unusual it is",
        "Robust standard deviations from what is expected; ordinary days stay between −3 and 3. Drawn down to −30.",
        [target(f"clamp_min(max by (signal) ({score} == {score}), -30)", "{{signal}}")],
        unit="none", decimals=0, noValue=NONE_OF_ITS_OWN, custom={"axisSoftMax": 5, "axisSoftMin": -10},
    )  # fmt: skip


LIMITS = (
    "Likeness to the shutdowns of a study (SIGCOMM 2023), in log-odds: likely from +1 on, unlikely from −1 down. Most "
    'of those shutdowns are series in three countries; a term "without its three series" leaves these out. Such terms '
    "rank a shutdown above another outage 83 times in 100 at the onset, and 93 once the duration is known; outside "
    "those countries 69 to 75 times (the AUC; chance gives 50). It is never an attribution. 'Unlikely' does not mean "
    "that there is no outage: when only mobile networks are shut down, routes do not fall, unlike in that study."
)  # the same words as in the terminal and in reports


def _looks() -> Json:
    return stat(
        "Looks like a shutdown?",
        LIMITS,
        rows(f"max by (looks) (netvigil_outage_likeness{{{OUTAGE}}})"),
        fields="looks", noValue="–", thresholds=steps((None, INK)),
    )  # fmt: skip


def _why_it_looks_so() -> Json:
    return table(
        "Why it looks so",
        f"The signs of a shutdown (+) and those against one (−), with their sources. {LIMITS}",
        [rows(f"max by (name, source) (netvigil_outage_sign_weight{{{OUTAGE}}})")],
        columns={"Value": "±", "name": "Because", "source": "Source"},
        sort="Value", noValue="–",
        overrides=[
            override("±", decimals=1, custom__width=48),
            override("Because", custom__minWidth=100),
            override("Source", custom__width=184),
        ],
    )  # fmt: skip


NONE_OF_ITS_OWN = "No signal of its own: see its parts"

FEW_SOURCES, UNSEEN, NEW = 1, 2, 4  # what can be wrong with a bin; of several the first of `_WORDS` is shown

_WORDS = (
    (UNSEEN, "Not seen", BLIND),
    (FEW_SOURCES, "Few sources", SUSPECT),
    (NEW, "Too new to judge", BLIND),
)


def _seen() -> Json:
    def of(metric: str) -> str:
        return f"max by (signal) (netvigil_signal_{metric}{{{OWN}}})"

    blind = f"({of('health_ratio')} < bool {QUORUM})"
    unseen = f"(1 - ({of('value')} >= bool 0))"
    new = f"({of('settled')} == bool 0)"
    matter = f"{FEW_SOURCES} * {blind} + {UNSEEN} * {unseen} + {NEW} * {new}"
    return timeline(
        "Could we see?",
        "Grey: the signal was not observed, or its feed was stuck or broken; or it is too new, with too little past "
        "to compare with. Amber: too few of its sources were healthy. Such times are neither an all-clear nor an "
        "outage.",
        [target(matter, "{{signal}}")],
        words(("0", "Seen", CALM), *((str(bits), *_word(bits)) for bits in range(1, 8))),
        noValue=NONE_OF_ITS_OWN,
    )


def _word(bits: int) -> tuple[str, str]:
    return next((text, colour) for bit, text, colour in _WORDS if bits & bit)


def _judged_only(expr: str) -> str:
    """The series of an expression while they are judged: the noise of others would look like an outage."""
    score = f"netvigil_signal_score{{{OWN}}}"
    return f"({expr} and on (signal, entity_type, entity) ({score} == {score}))"


def _health() -> Json:
    return lines(
        "Healthy sources",
        "Share of each signal's peers, probes or collectors that work. Below half the signal is not judged.",
        [target(f"max by (signal) (netvigil_signal_health_ratio{{{OWN}}})", "{{signal}}")],
        unit="percentunit", min=0, max=1, noValue=NONE_OF_ITS_OWN,
    )  # fmt: skip


def of_country(country: str) -> str:
    """The signals of a country and of its parts, one series each."""
    own = f'max by (entity_type, entity) (netvigil_entity_info{{country="{country}"}})'
    return f"count by (signal) (netvigil_signal_health_ratio and on (entity_type, entity) {own})"


RESTORED: list[Json] = [
    {"type": "regex", "options": {"pattern": "/^(Restored.*)$/", "result": {"text": "$1", "color": BACK, "index": 0}}},
    {"type": "regex", "options": {"pattern": "/^(No outage.*)$/", "result": {"text": "$1", "color": INK, "index": 1}}},
]


def _last_ended() -> Json:
    restored = f'{OUTAGE},outcome="restored"'
    last = f"topk(1, {ended(restored, 'until_local, lasted')})"
    joined = f'label_join({last}, "both", ";", "until_local", "lasted")'
    text = f'label_replace({joined}, "text", "Restored $1, after $2", "both", "(.*);(.*)")'
    seen = f"max_over_time(netvigil_signal_health_ratio{{{HERE}}}[$__range]) >= {QUORUM}"
    looked = f"count({seen} and max_over_time(netvigil_signal_settled{{{HERE}}}[$__range]) == 1)"
    none = f'label_replace({looked}, "text", "No outage ended in this time", "", "")'
    return stat(
        "Last outage that ended",
        "When the last outage within the time of this board ended, local time, and how long it was.",
        rows(f"{text}\n  or on () {none}"),
        fields="text", noValue="Not known", mappings=RESTORED, thresholds=steps((None, BLIND)),
    )  # fmt: skip


def _lost() -> Json:
    """Depth now beside depth at worst."""
    each = [
        f'label_replace(max(netvigil_outage_{metric}_ratio{{{OUTAGE}}}), "when", "{when}", "", "")'
        for metric, when in (("depth", "now"), ("severity", "at worst"))
    ]
    return stat(
        "Lost",
        "How far the signals that fell are below usual now, and were when it was worst: a mean, weighted by evidence. "
        "Traffic at 38 % and probes at 68 % of usual make 47 %. It is no share of people or of traffic.",
        latest(" or ".join(each), "{{when}}"),
        text="value_and_name", above=True, noValue="–", unit="percentunit", decimals=0, thresholds=steps((None, INK)),
    )  # fmt: skip


def country() -> Json:
    """The board."""
    sure = f"max(netvigil_outage_probability_ratio{{{OUTAGE}}})"
    return board(
        COUNTRY_BOARD,
        "netvigil: one country",
        "Is the country off the Internet, since when, how much of it, how sure are we, and is it over?",
        [
            (4, 4, _state()),
            (4, 4, _told("What", "The kind of the open outage.", "what")),
            (5, 4, _told("Since (local time)", "Onset of the open outage, by the clock there.", "since_local")),
            (4, 4, _duration()),
            (4, 4, _lost()),
            (3, 4, _number("Sure", "Probability that this is an outage.", sure, unit="percentunit", mappings=SURE)),
            (24, 10, _compared()),
            (8, 10, _evidence()),
            (8, 3, _looks()),
            (8, 3, _last_ended()),
            (8, 7, _why_it_looks_so()),
            (8, 7, _deviation()),
            (24, 9, _parts_over_time()),
            (24, 8, _parts_compared()),
            (24, 1, row("Can we see?")),
            (14, 7, _seen()),
            (10, 7, _health()),
            (24, 6, moved_by_the_feed(of_country("$country"))),
            (24, 1, row("Every signal in its own unit")),
            (24, 8, _one_signal()),
        ],
        variables=[
            source_variable(),
            variable("country", "Country", f"label_values(netvigil_entity_info{{{COUNTRY}}}, entity)"),
            variable("signal", "Signal", f"label_values(netvigil_signal_value{{{HERE}}}, signal)", all_=True),
            tense_variable(),
        ],
        marks=outage_marks(OUTAGE),
    )  # fmt: skip
