"""Does it look like a shutdown?  Never who did it."""

from dashboards.panels import INK, Json, override, rows, stat, steps, table

LIMITS = (
    "Likeness: to the shutdowns of a study (SIGCOMM 2023), in log-odds; likely from +1 on, unlikely from −1 on. Most "
    'of them are series in three countries: a term "without its three series" is weighed without these. Such terms '
    "tell a shutdown from another outage 83 times in 100 at the onset, 93 once the duration is known; without those "
    "countries 69 to 75 times (the AUC; a coin has 50). It is never an attribution, "
    "and 'unlikely' is no doubt of the outage: one of phones alone begins so, as routes stand."
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
