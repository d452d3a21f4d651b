"""Does it look like a shutdown?  Never who did it."""

from dashboards.panels import INK, Json, override, rows, stat, steps, table

LIMITS = (
    "Likeness: to the shutdowns that were published, in log-odds; likely from +1 on, unlikely from −1 on. Such terms "
    "tell these from other outages with an AUC of .83 at the onset, .93 once the duration is known; without the three "
    "countries that most of them are of, .69 to .75 (a coin has .5). It is never an attribution."
)
"""The same words as in the terminal and in reports."""


def looks(places: str) -> Json:
    """The word."""
    return stat(
        "Looks like a shutdown?",
        LIMITS,
        rows(f"max by (looks) (netvigil_outage_likeness{{{places}}})"),
        fields="looks", noValue="–", thresholds=steps((None, INK)),
    )  # fmt: skip


def why_it_looks_so(places: str) -> Json:
    """Every term with its weight and source."""
    return table(
        "Why it looks so",
        f"What speaks for a shutdown (+) and against one (−), and who published it. {LIMITS}",
        [rows(f"max by (name, source) (netvigil_outage_sign_weight{{{places}}})")],
        columns={"Value": "±", "name": "Because", "source": "Source"},
        sort="Value", noValue="–",
        overrides=[
            override("±", decimals=1, custom__width=48),
            override("Because", custom__minWidth=100),
            override("Source", custom__width=184),
        ],
    )  # fmt: skip
