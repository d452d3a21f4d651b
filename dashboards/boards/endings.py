"""Panels of outages that ended within the time of the board."""

from dashboards.boards.states import COUNTRY, QUORUM
from dashboards.links import COUNTRY as COUNTRY_BOARD
from dashboards.panels import BACK, BLIND, CALM, INK, OUT, Json, override, rows, stat, steps, table, words

TEXTS = "name, country, what, since_local, until_local, lasted, outcome, tense"

RESTORED: list[Json] = [
    {"type": "regex", "options": {"pattern": "/^(Restored.*)$/", "result": {"text": "$1", "color": BACK, "index": 0}}},
    {"type": "regex", "options": {"pattern": "/^(No outage.*)$/", "result": {"text": "$1", "color": INK, "index": 1}}},
]


def ended(places: str, labels: str) -> str:
    """When each outage that ended in the time of the board was last shown as ended [s].

    A worker shows an end for two hours; this finds those of the night in the morning.
    """
    return f"max_over_time(timestamp(max by ({labels}) (netvigil_restored_info{{{places}}}))[$__range:1m])"


def last_ended(places: str, here: str) -> Json:
    """The last end of an outage of a country, or that there was none while the country was observed."""
    restored = f'{places},outcome="restored"'
    last = f"topk(1, {ended(restored, 'until_local, lasted')})"
    joined = f'label_join({last}, "both", ";", "until_local", "lasted")'
    text = f'label_replace({joined}, "text", "Restored $1, after $2", "both", "(.*);(.*)")'
    seen = f"max_over_time(netvigil_signal_health_ratio{{{here}}}[$__range]) >= {QUORUM}"
    looked = f"count({seen} and max_over_time(netvigil_signal_settled{{{here}}}[$__range]) == 1)"
    none = f'label_replace({looked}, "text", "No outage ended in this time", "", "")'
    return stat(
        "Last outage that ended",
        "When the last outage within the time of this board ended, local time, and how long it was.",
        rows(f"{text}\n  or on () {none}"),
        fields="text", noValue="Not known", mappings=RESTORED, thresholds=steps((None, BLIND)),
    )  # fmt: skip


def ended_table(tense: str) -> Json:
    """Every outage that ended in this time; countries first."""
    to_country = [
        {"title": "Open its country's board", "url": f"/d/{COUNTRY_BOARD}?var-country=${{__data.fields.country}}"}
    ]
    columns = {
        "name": "Where", "what": "What", "since_local": "From (local time)", "until_local": "Until (local time)",
        "lasted": "Lasted", "outcome": "Outcome", "tense": "Real?", "country": "country",
    }  # fmt: skip
    country_first = f"({ended(f'{COUNTRY},{tense}', TEXTS)}) + 1e9 or ({ended(tense, TEXTS)})"
    return table(
        "Ended in this time",
        "Confirmed outages that ended, or were taken back, within the time of this board; countries first, the last "
        "one first.",
        [rows(country_first)],
        columns=columns, sort="Value", noValue="None recorded",
        overrides=[
            override("Where", links=to_country, custom__minWidth=110),
            override("What", custom__minWidth=180),
            override("From (local time)", custom__minWidth=260),
            override("Until (local time)", custom__minWidth=260),
            override("Lasted", custom__minWidth=150),
            override("Outcome", mappings=OUTCOMES, custom__cellOptions={"type": "color-background"}, custom__width=105),
            override("Real?", mappings=TENSES, custom__width=80),
            override("country", custom__hideFrom={"viz": True, "legend": True, "tooltip": True}),
        ],
    )  # fmt: skip


OUTCOMES = words(("restored", "Restored", BACK), ("retracted", "Taken back", INK))
TENSES = words(("live", "Real", OUT), ("drill", "DRILL", CALM), ("replay", "Replay", BLIND))
