"""The planted groups differ."""

from __future__ import annotations

from recsys.demo import GROUPS, DemoWorld


def test_groups_have_genres_of_their_own(demo: DemoWorld) -> None:
    genres = [genre for group in GROUPS for genre in group.genres]
    assert len(genres) == len(set(genres))
    allowed = {group.name: set(group.genres) for group in GROUPS}
    names = demo.tracks["id"].replace_strict(dict(demo.groups.iter_rows()))
    assert all(set(row) <= allowed[name] for row, name in zip(demo.tracks["genres"], names, strict=True))
