"""Charts as SVG: what is drawn, in which order and colours, and words for those who do not see it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import polars as pl
import pytest

from recsys.report.charts import ROW, SERIES, bars, curve, lines, stacks, svg

FRAME = pl.DataFrame({"name": ["b", "b", "a", "a"], "of": ["x", "y", "x", "y"], "value": [1.0, 2.0, 3.0, 4.0]})


def test_bars_keep_the_order_of_the_frame() -> None:
    chart = bars(FRAME, "value", "name", by="of", title="T").to_dict()
    assert chart["encoding"]["y"]["sort"] == ["b", "a"]
    assert chart["encoding"]["color"]["sort"] == chart["encoding"]["yOffset"]["sort"] == ["x", "y"]
    assert chart["encoding"]["x"]["title"] == "T"
    assert chart["height"] == 2 * ROW
    assert stacks(FRAME, "value", "name", by="of", title="T").to_dict()["height"] == 3 * ROW


def test_a_frame_without_rows_has_a_height() -> None:
    assert bars(FRAME.clear(), "value", "name", by="of", title="T").to_dict()["height"] == 2 * ROW


def test_lines_with_their_band() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame({"as_of": [at], "list": ["x"], "value": [0.2], "low": [0.1], "high": [0.3]})
    band, line = lines(frame, title="T").to_dict()["layer"]
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"], line["encoding"]["y"]["field"]) == (
        "low", "high", "value",
    )  # fmt: skip


@pytest.mark.slow
class TestDrawn:
    def test_words_are_text_and_colours_those_of_the_page(self) -> None:
        drawn = svg(bars(FRAME, "value", "name", by="of", title="T"), 'a "b" & <c>')
        assert drawn.startswith("<svg")
        assert 'role="img" aria-label="a &quot;b&quot; &amp; &lt;c>"' in drawn
        assert not re.search(r'<svg[^>]* width="', drawn)
        assert SERIES[0] in drawn
        assert "\n" not in drawn
        assert "http" not in drawn.replace("http://www.w3.org/", "")

    def test_names_are_text(self) -> None:
        evil = FRAME.with_columns(name=pl.lit("<script>alert(1)</script>"))
        assert "<script" not in svg(stacks(evil, "value", "name", by="of", title="T"), "x")

    def test_a_curve(self) -> None:
        frame = pl.DataFrame({"of": ["lists"] * 2, "tracks": [0.0, 1.0], "share": [0.0, 1.0]})
        assert "share of rows" in svg(curve(frame), "x")
