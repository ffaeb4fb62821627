"""One reason in words from its code and arguments, for who has a row at hand and not a frame; see
:func:`recsys.stages.rankings.reasons.texts`, which says the same of whole columns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from recsys.stages.rankings.texts import FEATURE_WORDS, LONGEST_NAME, SOUNDS, TEXTS

_VALUED = re.compile(r"([a-z_]+)=(-?[0-9.]+)")
_WORDED = {"sound": slice(0, -1), "target": slice(None), "discovery": slice(1, 2)}
"""Code → its arguments that may be words for a sound or a feature's value; all others are names, whatever they look like."""


def reason(code: str, args: Sequence[str], language: str) -> str | None:
    """The text in a language of :data:`TEXTS`; none for a code, or a number of arguments, that it has no text for.

    >>> reason("sound", ["energy-", "Cloud at Noon"], "de")
    'So ruhig wie Cloud at Noon aus deiner Musik'
    """
    template = TEXTS[language].get(code, {}).get(len(args))
    if template is None:
        return None
    words = range(len(args))[_WORDED.get(code, slice(0))]
    text = template.format(*(_word(one, language) if at in words else _short(one) for at, one in enumerate(args)))
    return text[:1].upper() + text[1:]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _word(argument: str, language: str) -> str:
    """An argument as it is said: a sound in words, a feature with its value, a name cut to its length."""
    if valued := _VALUED.fullmatch(argument):
        feature, value = valued.groups()
        template = FEATURE_WORDS[language].get(feature, feature.replace("_", " ") + " {}")
        return template.format(value)
    if argument in SOUNDS[language]:
        return SOUNDS[language][argument]
    return _short(argument)
