"""Colours, hatches and sizes of the pictures."""

from typing import Any

from detectors.base import LOW_CONFIRMED, LOW_PROVISIONAL, UNKNOWN

SEEN, USUAL, BAND = "#1f4e79", "#57606a", "#9fb3c8"
SHADES = {LOW_PROVISIONAL: "#fde0b6", LOW_CONFIRMED: "#f4a582", UNKNOWN: "#e6e6e6"}
SAYS = {LOW_PROVISIONAL: "looks low", LOW_CONFIRMED: "clearly low", UNKNOWN: "nothing said"}
MOVED = "#8250df"
"""Colours that differ in lightness too: for eyes that do not tell red from green, and for paper."""

UNSEEN: dict[str, Any] = {"facecolor": "none", "edgecolor": "#b5bbc2", "hatch": "////", "linewidth": 0, "zorder": 0}
"""How a time looks in which nothing was observed."""

NEW: dict[str, Any] = UNSEEN | {"hatch": "...."}
"""And one in which there is no past yet to compare with."""

LABEL, OURS_BAR, OTHER_BAR = "#24292f", "#b2182b", "#8c959f"
WIDTH, PANEL, TOP, KEY, BAR = 9.6, 1.25, 0.1, 0.66, 0.24
"""Width of a picture, height of a panel, of the edge above, of the key with the axis below it, and of a bar [inch]."""

KEYS, LINE = 8, 0.17
"""What a line of the key has room for [-], and the height of a further one [inch]."""

REFUSED: dict[str, Any] = UNSEEN | {"hatch": "\\\\\\\\", "edgecolor": "#d0d5db"}
"""And a time in which somebody could not judge, in the line of bars of theirs."""

UNCOUNTED = "#d0d7de"
"""Colour of what ``TOLERANCE.csv`` ignores: nothing that is called out then is false."""

PALE = 0.35
"""How much of its colour a bar has while what it shows was not confirmed yet [0-1]."""

FAINT = 0.15
"""And while it was suspected only, within a thin line of that colour [0-1]."""

NAMES, LETTER = 8.5, 0.066
"""Size of the names of bars [point], and how wide a letter of theirs is, on average [inch]."""
