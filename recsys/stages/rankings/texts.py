"""The words of every reason, by language; the one place for them.

A text follows from a row's `reason_code` and `reason_args`: ``{0}``, ``{1}`` … stand for the arguments in order, and a code may
have one text per number of arguments. Titles and names are cut to :data:`LONGEST_NAME` characters, texts have at most
:data:`_LONGEST`; tests hold both.
"""

from __future__ import annotations

_LONGEST, LONGEST_NAME = 90, 26

TEXTS: dict[str, dict[str, dict[int, str]]] = {
    "en": {
        "own_tracks": {1: "Because you like {0}", 2: "Because you like {0} and {1}"},
        "artist": {2: "More by {0}: you like {1}", 3: "More by {0}: you like {1} and {2} more"},
        "listeners": {
            2: "{0} of the {1} listeners closest to you like it",
            3: "{0} of the {1} listeners closest to you like it; you like {2}",
        },
        "sound": {
            1: "Sounds like {0}, which you like",
            2: "As {0} as {1}, which you like",
            3: "As {0} and {1} as {2}, which you like",
        },
        "genre": {1: "More {0}, a genre you like"},
        "seed": {1: "Goes with {0}, a seed of this list", 2: "Goes with {0} and {1}, seeds of this list"},
        "target": {1: "{0}: close to what you asked for", 2: "{0}, {1}: close to what you asked for"},
        "discovery": {
            1: "New to you: {0}",
            2: "New to you: {0}, {1}",
            3: "New to you: {0}; {1} of the {2} listeners closest to you like it",
        },
        "popular": {0: "Widely played"},
        "replay": {0: "You like it, and have not heard it for a while"},
        "cold": {0: "What most listeners start with"},
        "backfill_artist": {1: "To fill the list: one more by {0}"},
        "backfill_known_artist": {1: "To fill the list: {0}, whom you know"},
        "backfill_popularity": {0: "To fill the list: outside the popularity you asked for"},
        "balanced": {0: "Rounds off the list"},
    },
    "de": {
        "own_tracks": {1: "Weil du {0} magst", 2: "Weil du {0} und {1} magst"},
        "artist": {2: "Mehr von {0}: du magst {1}", 3: "Mehr von {0}: du magst {1} und {2} weitere"},
        "listeners": {
            2: "{0} der {1} ähnlichsten Hörer mögen es",
            3: "{0} der {1} ähnlichsten Hörer mögen es; du magst {2}",
        },
        "sound": {
            1: "Klingt wie {0} aus deiner Musik",
            2: "So {0} wie {1} aus deiner Musik",
            3: "So {0} und {1} wie {2} aus deiner Musik",
        },
        "genre": {1: "Mehr {0}, ein Genre, das du magst"},
        "seed": {1: "Passt zu {0}, womit diese Liste beginnt", 2: "Passt zu {0} und {1} vom Anfang der Liste"},
        "target": {1: "{0}: fast so, wie du es wolltest", 2: "{0}, {1}: fast so, wie du es wolltest"},
        "discovery": {
            1: "Neu für dich: {0}",
            2: "Neu für dich: {0}, {1}",
            3: "Neu für dich: {0}; {1} der {2} ähnlichsten Hörer mögen es",
        },
        "popular": {0: "Wird viel gehört"},
        "replay": {0: "Du magst es und hast es länger nicht gehört"},
        "cold": {0: "Damit fangen die meisten an"},
        "backfill_artist": {1: "Damit die Liste voll wird: noch etwas von {0}"},
        "backfill_known_artist": {1: "Damit die Liste voll wird: {0}, das kennst du"},
        "backfill_popularity": {0: "Damit die Liste voll wird: nicht so bekannt wie gewünscht"},
        "balanced": {0: "Rundet die Liste ab"},
    },
}
"""Language → reason code → number of arguments → text."""

CODES = tuple(TEXTS["en"])
"""Reason codes of preset `default`, in the order that decides between equal evidence."""

SOUNDS: dict[str, dict[str, str]] = {
    "en": {
        "danceability+": "danceable",
        "energy+": "energetic",
        "energy-": "calm",
        "loudness-": "quiet",
        "speechiness+": "wordy",
        "acousticness+": "acoustic",
        "instrumentalness+": "instrumental",
        "valence+": "cheerful",
        "valence-": "dark",
        "tempo+": "fast",
        "tempo-": "slow",
        "popularity-": "little known elsewhere",
    },
    "de": {
        "danceability+": "tanzbar",
        "energy+": "kraftvoll",
        "energy-": "ruhig",
        "loudness-": "leise",
        "speechiness+": "wortreich",
        "acousticness+": "akustisch",
        "instrumentalness+": "instrumental",
        "valence+": "heiter",
        "valence-": "düster",
        "tempo+": "schnell",
        "tempo-": "langsam",
        "popularity-": "sonst wenig bekannt",
    },
}
"""Language → feature and direction, as `reason_args` holds them → word."""

FEATURE_WORDS: dict[str, dict[str, str]] = {
    "en": {"tempo": "{} bpm", "loudness": "{} dB", "time_signature": "{}/4"},
    "de": {
        "danceability": "Tanzbarkeit {}",
        "energy": "Energie {}",
        "valence": "Heiterkeit {}",
        "acousticness": "Akustik {}",
        "tempo": "{} bpm",
        "loudness": "{} dB",
        "time_signature": "{}/4",
    },
}
"""Language → feature → how its value is said; others are said by name."""
