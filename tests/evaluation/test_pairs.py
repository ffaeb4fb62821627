"""A task from a pair of tables: what counts, what does not, and that it is said."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from recsys import InputError
from recsys.evaluation.pairs import pairs_task
from recsys.evaluation.task import Task


def pairs(*rows: tuple[object, object, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["user_id", "item_id", "value"], orient="row", strict=False)


def relevant(task: Task) -> set[tuple[str, str]]:
    rows, columns = task.relevant.nonzero()
    return {(task.users[row], task.catalog.ids[column]) for row, column in zip(rows, columns, strict=True)}


def test_what_is_known_and_what_is_relevant() -> None:
    task = pairs_task(pairs((1, 10, 2.0), (1, 11, 1.0), (2, 10, 1.0)), pairs((1, 12, 3.0), (1, 10, 1.0), (3, 11, 1.0)))
    assert (task.users, task.catalog.ids) == (["1", "2", "3"], ["10", "11", "12"])
    assert task.known.toarray() == pytest.approx(0.45 * np.array([[2, 1, 0], [1, 0, 0], [0, 0, 0]]))
    assert relevant(task) == {("1", "12"), ("3", "11")}
    assert task.judged.tolist() == [True, False, True]
    for words in ("1 later pair known", "only in test: 1 user;", "only in test: 1 item;"):
        assert any(words in note for note in task.notes)


def test_repeated_pairs_and_values_of_nothing() -> None:
    task = pairs_task(
        pairs((1, 10, 1.0), (1, 10, 2.0), (1, 11, 0.0), (1, 12, -3.0)), pairs((1, 12, 0.0), (1, 11, 1.0), (1, 11, 1.0))
    )
    assert task.known.data == pytest.approx([0.45 * 3])
    assert relevant(task) == {("1", "11")}
    assert sum("come more than once are added up" in note for note in task.notes) == 2
    assert sum("0 or less" in note for note in task.notes) == 2


def test_rows_without_a_value() -> None:
    task = pairs_task(pairs((1, 10, 1.0), (None, 10, 1.0), (2, 11, float("nan"))), pairs((1, 11, 1.0)))
    assert task.users == ["1"]
    assert any("2 rows without" in note for note in task.notes)


def test_empty_train_and_empty_test() -> None:
    task = pairs_task(pairs(("a", "x", 1.0)).clear(), pairs(("a", "x", 1.0)))
    assert any("nothing known before the cut" in note for note in task.notes)
    task = pairs_task(pairs(("a", "x", 1.0)), pairs(("a", "x", 1.0)))
    assert any("nothing relevant after the cut" in note for note in task.notes)


def test_a_catalogue_of_its_own() -> None:
    tracks = pl.DataFrame({"item_id": [10, 12], "artist": ["A", "B"], "colour": ["red", "blue"]})
    task = pairs_task(pairs((1, 10, 1.0), (1, 11, 1.0)), pairs((1, 12, 1.0), (1, 11, 1.0)), tracks)
    assert task.catalog.ids == ["10", "12"]
    assert relevant(task) == {("1", "12")}
    assert any("1 item of train" in note for note in task.notes)


def test_wrong_columns() -> None:
    with pytest.raises(InputError, match="column 'value' is missing"):
        pairs_task(pairs((1, 2, 3)).drop("value"), pairs((1, 2, 3)))
    with pytest.raises(InputError, match="value a number"):
        pairs_task(pairs((1, 2, "many")), pairs((1, 2, 3)))
    with pytest.raises(InputError, match="there is no id"):
        pairs_task(pairs((1, 2, 3)), pairs((1, 2, 3)), pl.DataFrame({"name": ["x"]}))
