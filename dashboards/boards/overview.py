"""The board of all countries: what is out, since when, how much, how sure, and what is not observed."""

from dashboards.board import begins, board, outage_marks, source_variable, tense_variable
from dashboards.boards.feeds import blind_signals, feeds_alive
from dashboards.boards.states import (
    APART,
    CONFIRMED,
    COUNTRY,
    STATE_WORDS,
    SUSPECTED,
    TOO_NEW,
    UNSEEN,
    WATCHED,
    apart,
    calm,
    ended,
    judged,
    lowest,
    named,
    not_judged_cells,
    of_regions,
    open_state,
    sight,
    unseen_watched,
    was_out,
)
from dashboards.links import COUNTRY as COUNTRY_BOARD
from dashboards.links import OVERVIEW
from dashboards.panels import (
    BACK,
    BLIND,
    CALM,
    INK,
    OUT,
    SURE,
    SUSPECT,
    Json,
    countries_map,
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
)

PLACE = "entity_type, entity, tense"
TENSE = 'tense=~"$tense"'
KEY = '"key", "/", "tense", "entity_type", "entity"'
ENDING = "name, country, what, since_local, until_local, lasted, outcome, tense"
OUTCOMES = words(("restored", "Restored", BACK), ("retracted", "Taken back", INK))
TENSES = words(("live", "Real", OUT), ("drill", "DRILL", CALM), ("replay", "Replay", BLIND))
TO_COUNTRY = [
    {"title": "Open its country's board", "url": f"/d/{COUNTRY_BOARD}?var-country=${{__data.fields.country}}"}
]
TEXTS = "country, name, state, what, since_local, since_utc"


def _out_now() -> Json:
    info = f'max by ({PLACE}, name) (netvigil_outage_info{{{COUNTRY},{TENSE},state!="suspected"}})'
    lost = f"max by ({PLACE}) (netvigil_outage_severity_ratio{{{COUNTRY},{TENSE}}})"
    out = marked(f"100 * {lost} * on ({PLACE}) group_left (name) {info}")
    seen = f"count({judged(COUNTRY, 'entity')} == 0)"
    clear = f'label_replace(0 * {calm(TENSE)} - 1 and on () {seen}, "name", "No country is out", "", "")'
    return stat(
        "Countries out now",
        "At the end of the board's time: every country with a confirmed outage, and how far the signals that fell "
        "were below usual at the worst: a mean weighted by evidence, and no share of people or of traffic. Grey is "
        "no all-clear: countries that are not observed, or have too little past yet to compare with; or verdicts are "
        "more than three hours old or missing. A worker that shows what is live does not show what a replay observes.",
        latest(f"sort_desc({out}\n  or {not_judged_cells()})\n  or on () {clear}", "{{name}}"),
        text="value_and_name", above=True, sizes=(16, 22), unit="suffix:% lost at worst", decimals=0,
        noValue="We do not know",
        mappings=words(("-1", "All calm", CALM), *NO_ALL_CLEAR), thresholds=steps((None, BLIND), (0, OUT)),
    )  # fmt: skip


def marked(expr: str) -> str:
    """The same series, with (DRILL) or (replay) in the name of what is not real."""
    for tense, mark in (("drill", "(DRILL)"), ("replay", "(replay)")):
        expr = f'label_replace({expr}, "mark", "{mark}", "tense", "{tense}")'
    return f'label_join({expr}, "name", " ", "name", "mark")'


NO_ALL_CLEAR = (
    (f"-{UNSEEN}", "Cannot see", BLIND),
    (f"-{TOO_NEW}", "Too new to judge", BLIND),
)


def _also_out() -> Json:
    count = f'count(max by ({PLACE}) (netvigil_outage_active{{entity_type!="country",{TENSE}}}) == 1)'
    return stat(
        "Regions, networks, services out",
        "Confirmed outages of parts of countries. Unknown: there is none, and not every country can be judged.",
        latest(f"{count}\n  or on () 0 * {calm(TENSE)}", "out"),
        noValue="Unknown", mappings=words(("0", "None", CALM)), thresholds=steps((None, BLIND), (1, OUT)),
    )  # fmt: skip


def _suspected() -> Json:
    count = f"count(max by ({PLACE}) (netvigil_outage_active{{{TENSE}}}) == 0)"
    return stat(
        "Suspected",
        "Suspicions of any place that are not confirmed. Most come to nothing; none of them notifies. Unknown: there "
        "is none, and not every country can be judged.",
        latest(f"{count}\n  or on () 0 * {calm(TENSE)}", "suspected"),
        noValue="Unknown", mappings=words(("0", "None", CALM)), thresholds=steps((None, BLIND), (1, SUSPECT)),
    )  # fmt: skip


def _age() -> Json:
    return stat(
        "Verdicts are this old",
        "Time since the newest bin that was judged. Slow feeds hold it back by up to 90 minutes.",
        latest(f"clamp_min(time() - max(netvigil_event_timestamp_seconds{{{TENSE}}}), 0)", "age"),
        unit="dtdurations", decimals=0, noValue="No verdicts",
        thresholds=steps((None, BLIND), (0, CALM), (2 * 3600, SUSPECT), (3 * 3600, OUT)),
    )  # fmt: skip


def _watches() -> Json:
    return stat(
        "On watch",
        "Watches that are on now: finer bins, and an alert when their country cannot be seen. They end by "
        "themselves. Written history does not record them.",
        latest(
            "count(max by (country, name) (netvigil_watch_active) == 1) or on () 0 * count(netvigil_build_info)",
            "on watch",
        ),
        noValue="Not recorded", mappings=words(("0", "None", INK)), thresholds=steps((None, INK)),
    )  # fmt: skip


def _confirmed_after() -> Json:
    latency = f"sum by (le) (increase(netvigil_detection_latency_seconds_bucket{{{TENSE}}}[$__range]))"
    return stat(
        "Time to confirm",
        "From the onset of an outage to its confirmation: about half of those in this time took less (counted in steps "
        "of five minutes, from an hour on of thirty). Not recorded: none was "
        "confirmed while a worker counted; written history does not count.",
        latest(f"histogram_quantile(0.5, {latency}) > 0", "median"),
        unit="dtdurations", decimals=1, noValue="Not recorded", thresholds=steps((None, INK)),
    )  # fmt: skip


def _taken_back() -> Json:
    def counted(state: str) -> str:
        return f'sum(increase(netvigil_outages_total{{{TENSE},state="{state}"}}[$__range]))'

    return stat(
        "Suspicions taken back",
        "Share of the suspicions in this time that came to nothing. Nobody was notified of those. Not recorded: "
        "there was none while a worker counted; written history does not count.",
        latest(f"{counted('retracted')} / {counted('suspected')} >= 0", "taken back"),
        unit="percentunit", decimals=0, noValue="Not recorded", thresholds=steps((None, INK)),
    )  # fmt: skip


def _outage_table() -> Json:
    def keyed(expr: str) -> Json:
        return rows(f"max by (key) (label_join({expr}, {KEY}))")

    spent = (
        f"max by (tense) (netvigil_event_timestamp_seconds) - on (tense) group_right () "
        f"max by ({PLACE}) (netvigil_outage_start_timestamp_seconds{{{TENSE}}})"
    )
    texts = f"max by (key, {PLACE}, {TEXTS}) (label_join(netvigil_outage_info{{{TENSE}}}, {KEY}))"
    country_first = (
        f"netvigil_outage_severity_ratio{{{COUNTRY},{TENSE}}} + 1 or netvigil_outage_severity_ratio{{{TENSE}}}"
    )
    columns = {
        "name": "Where", "since_local": "Since (local time)", "Value #C": "Lost now", "Value #F": "At worst",
        "Value #D": "Sure", "state": "State", "Value #B": "For", "since_utc": "Since (UTC)", "tense": "Real?",
        "what": "What", "country": "country",
    }  # fmt: skip
    return table(
        "Open outages",
        "One line an outage, countries first, suspected ones included. Lost: how far the signals that fell are below "
        "usual now, and were at worst, a mean weighted by evidence. A click on a place opens its country's board.",
        [
            rows(texts),
            keyed(spent),
            keyed(f"netvigil_outage_depth_ratio{{{TENSE}}}"),
            keyed(f"netvigil_outage_probability_ratio{{{TENSE}}}"),
            keyed(country_first),
            keyed(f"netvigil_outage_severity_ratio{{{TENSE}}}"),
        ],
        columns=columns, sort="Value #E", join="key", noValue="None recorded",
        overrides=[
            override("Where", links=TO_COUNTRY, custom__minWidth=110),
            override("What", custom__minWidth=180),
            override("For", unit="dtdurations", decimals=1, noValue="–", custom__width=170),
            override("Lost now", unit="percentunit", decimals=0, noValue="–", custom__width=84),
            override("At worst", unit="percentunit", decimals=0, noValue="–", custom__width=84),
            override("Sure", unit="percentunit", decimals=0, noValue="–", mappings=SURE, custom__width=90),
            override("Since (local time)", custom__minWidth=130),
            override("Since (UTC)", custom__width=215),
            override("State", mappings=STATES, custom__cellOptions={"type": "color-background"}, custom__width=105),
            override("Real?", mappings=TENSES, custom__width=80),
            override("country", custom__hideFrom={"viz": True, "legend": True, "tooltip": True}),
        ],
    )  # fmt: skip


STATES = words(
    ("suspected", "Suspected", SUSPECT), ("confirmed", "OUT", OUT), ("recovering", "Coming back", CALM)
)  # fmt: skip


def _ended_table(tense: str) -> Json:
    columns = {
        "name": "Where", "what": "What", "since_local": "From (local time)", "until_local": "Until (local time)",
        "lasted": "Lasted", "outcome": "Outcome", "tense": "Real?", "country": "country",
    }  # fmt: skip
    country_first = f"({ended(f'{COUNTRY},{tense}', ENDING)}) + 1e9 or ({ended(tense, ENDING)})"
    return table(
        "Ended in this time",
        "Confirmed outages that ended, or were taken back, within the time of this board; countries first, the last "
        "one first.",
        [rows(country_first)],
        columns=columns, sort="Value", noValue="None recorded",
        overrides=[
            override("Where", links=TO_COUNTRY, custom__minWidth=110),
            override("What", custom__minWidth=180),
            override("From (local time)", custom__minWidth=260),
            override("Until (local time)", custom__minWidth=260),
            override("Lasted", custom__minWidth=150),
            override("Outcome", mappings=OUTCOMES, custom__cellOptions={"type": "color-background"}, custom__width=105),
            override("Real?", mappings=TENSES, custom__width=80),
            override("country", custom__hideFrom={"viz": True, "legend": True, "tooltip": True}),
        ],
    )  # fmt: skip


NOTHING = "No signal recorded of a country that is watched or was out"
"""A worker shows the signals of one tense only: a replay does not change the series of what is live."""


def _where() -> Json:
    open_ = open_state(f"{COUNTRY},{TENSE}", "entity")
    states = f"{open_} or {sight(COUNTRY, 'entity')} and on (entity) {WATCHED}"
    return countries_map(
        "Where",
        "Vermilion: out. Amber: suspected. Blue: watched, and nothing is out. Grey: watched, and no all-clear.",
        rows(f"{named(states, 'entity', COUNTRY)} or on (entity) {unseen_watched()}"),
        "entity",
        mappings=STATE_WORDS, thresholds=steps((None, CALM), (SUSPECTED, SUSPECT), (CONFIRMED, OUT), (UNSEEN, BLIND)),
        noValue="None recorded",
    )  # fmt: skip


def _over_time() -> Json:
    out = was_out(f"{COUNTRY},{TENSE}", "entity")
    states = (
        f"{open_state(f'{COUNTRY},{TENSE}', 'entity')}\n"
        f"or {sight(COUNTRY, 'entity')} and on (entity) ({out} or {WATCHED})"
    )
    return timeline(
        "Countries over time",
        "Every country that is watched or was out in this time. Bars begin when an outage was known; its onset, "
        "which is found afterwards, is under Since.",
        [target(f"{named(states, 'entity', COUNTRY)}\nor on (entity) {unseen_watched()}", "{{name}}")],
        STATE_WORDS,
        noValue=NOTHING,
    )


def _left() -> Json:
    out = was_out(f"{COUNTRY},{TENSE}", "entity")
    ratio = f"({lowest(COUNTRY, 'entity')} or min by (entity) ({of_regions()}))"
    return lines(
        "What is left, by the lowest signal",
        "For every country that is watched or was out in this time: the lowest of its steady signals, as a share of "
        "what is usual at that hour. A gap was not observed. Each that was out or "
        "suspected in this time has a colour, the same at all times; the others are grey.",
        apart(ratio, COUNTRY, "entity", f"{out} or {WATCHED}", out),
        last=True, unit="percentunit", min=0, max=1.2, noValue=NOTHING, overrides=APART,
    )  # fmt: skip


def overview() -> Json:
    """The board."""
    return board(
        OVERVIEW,
        "netvigil: all countries",
        "Which countries are off the Internet now, since when, how much of it, and how sure we are.",
        [
            (9, 9, _out_now()),
            (5, 5, _also_out()),
            (5, 5, _suspected()),
            (5, 5, feeds_alive()),
            (5, 4, _age()),
            (5, 4, blind_signals()),
            (5, 4, _watches()),
            (24, 13, _outage_table()),
            (24, 6, _ended_table(TENSE)),
            (15, 8, _over_time()),
            (9, 8, _where()),
            (24, 8, _left()),
            (12, 4, _confirmed_after()),
            (12, 4, _taken_back()),
        ],
        variables=[source_variable(), tense_variable()],
        marks=outage_marks(f"{COUNTRY},{TENSE}", begins),
    )
