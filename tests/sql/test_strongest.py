"""Model ``strongest``: the genres and artists that listeners like most."""

from __future__ import annotations

import polars as pl

from recsys import models


def strongest(ratings: list[tuple[int, str, float]], names: list[tuple[str, bool, int]]) -> list[tuple[int, bool, int, float]]:
    views = {
        "ratings": pl.DataFrame(ratings, ["listener", "track_id", "positive"], orient="row"),
        "names": pl.DataFrame(names, ["id", "is_genre", "number"], orient="row"),
    }
    return models.run("strongest", views).rows()


NAMES = [("a", False, 1), ("a", True, 3), ("a", True, 3), ("a", True, 4), ("b", False, 1), ("b", True, 3), ("c", True, 2)]


def test_the_strongest_is_one_and_a_track_adds_to_every_name_it_bears() -> None:
    assert strongest([(0, "a", 1.0), (0, "b", 1.0), (0, "c", 0.5), (0, "zz", 9.0)], NAMES) == [
        (0, False, 1, 1.0),
        (0, True, 3, 1.0),
        (0, True, 4, 1 / 3),
        (0, True, 2, 0.5 / 3),
    ]


def test_each_listener_has_own_strengths_and_equal_ones_come_by_number() -> None:
    assert strongest([(7, "c", 2.0), (7, "a", 0.0), (3, "a", 0.2)], [*NAMES, ("c", True, 1)]) == [
        (3, False, 1, 1.0),
        (3, True, 3, 1.0),
        (3, True, 4, 0.5),
        (7, True, 1, 1.0),
        (7, True, 2, 1.0),
    ]


def test_no_order_of_addition_changes_a_bit() -> None:
    points = [0.1, 0.2, 0.3, 1e-14, 7.7]
    one, other = (
        strongest([(0, str(at), points[at]) for at in order], [*((str(at), False, 1) for at in range(5)), ("0", False, 2)])
        for order in (range(5), reversed(range(5)))
    )
    assert one == other


def test_every_genre_but_only_fifty_artists() -> None:
    many = [f"{number:02}" for number in range(60)]
    names = [(name, is_genre, at + 60 * is_genre) for is_genre in (False, True) for at, name in enumerate(many)]
    rows = strongest([(0, name, 1.0) for name in many], names)
    assert [number for _, is_genre, number, _ in rows if not is_genre] == [*range(50)]
    assert [number for _, is_genre, number, _ in rows if is_genre] == [*range(60, 120)]
