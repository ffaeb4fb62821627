"""Model ``ratings``: points per listener and track."""

from __future__ import annotations

from datetime import timedelta
from math import exp, log

import polars as pl
import pytest

from tests.support.grid import expect, run
from tests.support.worlds import AS_OF

VARIABLES = {"as_of": AS_OF, "half_life_days": 120 * log(2), "undated_decay": 0.7}
NOBODY = "user_id history_from ignored_contexts"


def test_weight_of_every_type() -> None:
    result = run(
        "ratings",
        VARIABLES,
        events="""
            user_id  track_id   type     weight  completed_ms  occurred_at
            u        1_like     like     -       -             2026-06-01
            u        2_save     save     -       -             2026-06-01
            u        3_long     play     -       30001         2026-06-01
            u        4_short    play     -       30000         2026-06-01
            u        5_unknown  play     -       -             2026-06-01
            u        6_skip     skip     -       90000         2026-06-01
            u        7_dislike  dislike  -       -             2026-06-01
            u        8_hide     hide     -       -             2026-06-01
            u        9_other    Like     -       -             2026-06-01
            u        9_weight   skip     2.5     -             2026-06-01
        """,
        controls=NOBODY,
    )
    expect(
        result,
        """
            user_id  track_id   rating  liked  disliked  positive  events  negative_events  known  rejected
            u        1_like     1       1      0         1         1       0                yes    no
            u        2_save     0.9     0.9    0         0.9       1       0                yes    no
            u        3_long     0.45    0.45   0         0.45      1       0                yes    no
            u        4_short    0.2     0.2    0         0.2       1       0                yes    no
            u        5_unknown  0.2     0.2    0         0.2       1       0                yes    no
            u        6_skip     -0.55   0      0.55      0         1       1                no     no
            u        7_dislike  -1      0      1         0         1       1                no     yes
            u        8_hide     -1.25   0      1.25      0         1       1                no     yes
            u        9_other    0       0      0         0         1       0                no     no
            u        9_weight   2.5     2.5    0         2.5       1       0                yes    no
        """,
    )


@pytest.mark.parametrize(
    ("moment", "decay"),
    [
        ("2026-06-01T00:00:00Z", 1.0),
        ("2026-07-01T00:00:00Z", 1.0),
        ("2026-02-01T00:00:00Z", exp(-1)),
        ("2026-01-31T19:00:00-05:00", exp(-1)),
        ("2026-05-31T12:00:00Z", exp(-0.5 / 120)),
        ("-", 0.7),
    ],
)
def test_decay(moment: str, decay: float) -> None:
    result = run("ratings", VARIABLES, events=f"user_id track_id type occurred_at\nu a like {moment}", controls=NOBODY)
    assert result["liked"][0] == pytest.approx(decay, rel=1e-12)
    assert result["rating"][0] == 1.0


def test_very_old_events_keep_their_digits() -> None:
    events = "user_id track_id type occurred_at\nu a like 1976-06-01\nu a dislike 1976-06-01"
    result = run("ratings", VARIABLES, events=events, controls=NOBODY)
    assert result["liked"][0] == pytest.approx(exp(-18262 / 120), rel=1e-9, abs=0)
    assert result["disliked"][0] == result["liked"][0]


def test_a_later_moment_fades_a_pair_as_a_whole() -> None:
    """To the bit: what a pair's events say of each other does not hang on the moment it is looked at."""
    times = [f"2026-0{1 + n % 5}-{1 + n % 27:02}T{n % 24:02}:{n % 59:02}:07.{n:06}Z" for n in range(0, 400, 7)]
    rows = [f"u a{n % 20} {('play', 'skip', 'like')[n % 3]} {time}" for n, time in enumerate(times)]
    rows += [f"u a{n} like {AS_OF:%FT%TZ}" for n in range(20)]
    events = "\n".join(["user_id track_id type occurred_at", *rows, f"v a like {AS_OF:%FT%TZ}"])

    def rated(days: float) -> pl.DataFrame:
        return run("ratings", VARIABLES | {"as_of": AS_OF + timedelta(days=days)}, events=events, controls=NOBODY)

    first = rated(0)
    assert first["liked"].n_unique() > 15
    for days in (0.1, 1, 7.3, 100, 1001.7):
        later = rated(days)
        faded = later["liked"][-1]  # v's one like
        assert (later["liked"] / (first["liked"] * faded)).to_list() == [1.0] * 21
        assert later["disliked"].to_list() == (first["disliked"] * faded).to_list()


def test_sums_per_listener_and_track_in_order() -> None:
    result = run(
        "ratings",
        VARIABLES,
        events="""
            user_id  track_id  type     occurred_at
            v        a         play     2026-06-01
            u        b         like     2026-06-01
            u        a         save     2026-06-01
            u        a         skip     2026-05-01
            u        a         play     -
        """,
        controls=NOBODY,
    )
    expect(
        result,
        """
            user_id  track_id  rating  positive  events  negative_events  known  last_at
            u        a         0.55    1.1       3       1                yes    2026-06-01
            u        b         1       1         1       0                yes    2026-06-01
            v        a         0.2     0.2       1       0                yes    2026-06-01
        """,
    )
    assert result["liked"][0] == pytest.approx(0.9 + 0.7 * 0.2)


def test_the_latest_opinion_rejects() -> None:
    result = run(
        "ratings",
        VARIABLES,
        events="""
            user_id  track_id     type     occurred_at
            u        back         dislike  2026-05-01
            u        back         like     2026-05-02
            u        gone         like     2026-05-01
            u        gone         hide     2026-05-02
            u        plays_since  hide     2026-05-01
            u        plays_since  play     2026-05-02
            u        same_moment  like     2026-05-01
            u        same_moment  dislike  2026-05-01
            u        undated      dislike  -
            u        undated      save     2026-05-01
        """,
        controls=NOBODY,
    )
    expect(
        result,
        """
            track_id     known  rejected
            back         yes    no
            gone         yes    yes
            plays_since  yes    yes
            same_moment  yes    yes
            undated      yes    no
        """,
    )


def test_events_that_do_not_shape_the_profile_still_make_a_track_known() -> None:
    result = run(
        "ratings",
        VARIABLES,
        events="""
            user_id  track_id  type     context  occurred_at
            u        after     like     -        2026-05-01
            u        before    like     -        2026-04-30
            u        kids      like     kids     2026-05-02
            u        undated   dislike  -        -
            v        kids      like     kids     2026-04-01
        """,
        controls="""
            user_id  history_from  ignored_contexts
            u        2026-05-01    kids;sleep
        """,
    )
    expect(
        result,
        """
            user_id  track_id  rating  positive  disliked  events  negative_events  known  rejected
            u        after     1       1         0         1       0                yes    no
            u        before    0       0         0         1       0                yes    no
            u        kids      0       0         0         1       0                yes    no
            u        undated   0       0         0         1       1                no     yes
            v        kids      1       1         0         1       0                yes    no
        """,
    )


def test_a_weight_of_minus_one_rejects_like_a_dislike() -> None:
    events = """
        user_id  track_id  type  weight  occurred_at
        u        a         play  -1      2026-05-01
        u        b         play  -0.5    2026-05-01
        u        c         play  -1      2026-05-01
        u        c         like  -       2026-05-02
    """
    assert run("ratings", VARIABLES, events=events, controls=NOBODY)["rejected"].to_list() == [True, False, False]
