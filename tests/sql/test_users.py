"""Model ``users``: everyone whom any input names, and nobody in particular."""

from __future__ import annotations

from tests.support.grid import run


def test_everyone_once_in_order() -> None:
    result = run("users", events="user_id\nbob\nann\nbob", controls="user_id\ncem\nann", requests="user_id\n*\nDan")
    assert result["user_id"].to_list() == ["*", "Dan", "ann", "bob", "cem"]


def test_nobody_is_always_there() -> None:
    assert run("users", events="user_id", controls="user_id", requests="user_id")["user_id"].to_list() == ["*"]
