from __future__ import annotations

from pydantic import BaseModel

from recsys.providers.lenient import Lenient, Unreadable, readable


class Song(BaseModel):
    name: str


class Page(BaseModel):
    items: Lenient[Song | None]


def test_odd_items_stay_in_their_place_also_when_they_are_stored() -> None:
    page = Page.model_validate_json('{"items": [{"name": "a"}, null, {"name": 3}, "x"]}')
    for one in (page, Page.model_validate_json(page.model_dump_json())):
        assert one.items == [Song(name="a"), None, Unreadable({"name": 3}), Unreadable("x")]
        assert readable(one.items) == [Song(name="a"), None]
