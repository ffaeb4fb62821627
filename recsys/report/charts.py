"""The charts of the report, drawn by Vega-Altair as SVG. Colours are those of the page, so that they follow light and dark."""

from __future__ import annotations

import re

import altair as alt
import polars as pl
import vl_convert

INK, QUIET, _LINE = "var(--ink)", "var(--quiet)", "var(--line)"
SERIES = [f"var(--s{number})" for number in range(1, 9)]
_WIDTH, ROW = 300, 24
"""Narrow, so that text is readable where the page is as wide as a phone."""
FONT = "system-ui, sans-serif"
_SIZE = 14
CONFIG = {
    "background": "transparent",
    "padding": {"left": 22, "right": 16, "top": 4, "bottom": 4},
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET, "titleColor": QUIET, "gridColor": _LINE, "domainColor": _LINE, "tickColor": _LINE,
        "labelFontSize": _SIZE, "titleFontSize": _SIZE, "titleFontWeight": "normal", "labelLimit": 140,
    },
    "legend": {
        "labelColor": INK, "titleColor": QUIET, "labelFontSize": _SIZE, "orient": "top", "title": None,
        "columns": 2, "columnPadding": 34, "labelLimit": 180,
    },
    "header": {"labelColor": INK, "labelFontSize": _SIZE, "title": None, "labelFontWeight": "bold"},
    "range": {"category": SERIES},
}  # fmt: skip

_MARKS = re.compile(r'<svg ([^>]*)class="marks" width="[\d.]+" height="[\d.]+"')


def svg(chart: alt.TopLevelMixin, words: str) -> str:
    """The chart as an SVG element as wide as its place; ``words`` is what it says to those who do not see it."""
    drawn = vl_convert.vegalite_to_svg({**chart.to_dict(), "config": CONFIG}, vl_version="6.4")
    label = words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    named = f'class="marks" role="img" aria-label="{label}"'
    return _MARKS.sub(lambda mark: f"<svg {mark[1]}{named}", drawn.replace("\n", ""), count=1)


def bars(frame: pl.DataFrame, value: str, name: str, *, by: str, title: str, form: str = ",.0f") -> alt.Chart:
    """Horizontal bars of ``value`` per ``name``, side by side for each ``by``; names in the order of the frame."""
    order = frame[name].unique(maintain_order=True).to_list()
    return (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X(f"{value}:Q", title=title, axis=alt.Axis(format=form, tickCount=5)),
            y=alt.Y(f"{name}:N", sort=order, title=None),
            yOffset=alt.YOffset(f"{by}:N", sort=frame[by].unique(maintain_order=True).to_list()),
            color=alt.Color(f"{by}:N", sort=frame[by].unique(maintain_order=True).to_list()),
        )
        .properties(width=_WIDTH, height=max(2, len(order)) * ROW * max(1.0, frame[by].n_unique() / 2))
    )


def stacks(frame: pl.DataFrame, value: str, name: str, *, by: str, title: str, form: str = ",.2f") -> alt.Chart:
    """One stacked bar per ``name``."""
    order = frame[name].unique(maintain_order=True).to_list()
    return (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(f"{value}:Q", title=title, axis=alt.Axis(format=form, tickCount=5)),
            y=alt.Y(f"{name}:N", sort=order, title=None),
            color=alt.Color(f"{by}:N", sort=frame[by].unique(maintain_order=True).to_list()),
            order="place:Q",
        )
        .transform_calculate(place=f"indexof({frame[by].unique(maintain_order=True).to_list()!r}, datum.{by})")
        .properties(width=_WIDTH, height=max(2, len(order)) * ROW * 1.5)
    )


def curve(frame: pl.DataFrame) -> alt.Chart:
    """Share of rows over share of the catalogue, one line each."""
    return (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("tracks:Q", title="share of the catalogue, most frequent first", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("share:Q", title="share of rows", axis=alt.Axis(format="%", tickCount=5)),
            color=alt.Color("of:N", sort=frame["of"].unique(maintain_order=True).to_list()),
        )
        .properties(width=_WIDTH + 60, height=240)
    )


def lines(frame: pl.DataFrame, *, title: str) -> alt.LayerChart:
    """``value`` over ``as_of`` per ``list``, with the band ``low`` … ``high``."""
    at = alt.X("as_of:T", title=None, axis=alt.Axis(tickCount=5))
    color = alt.Color("list:N")
    value = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    base = alt.Chart(frame).properties(width=_WIDTH + 60, height=220)
    band = base.mark_area(opacity=0.2).encode(x=at, y=alt.Y("low:Q", title=title), y2="high:Q", color=color)
    return band + base.mark_line(point=True, strokeWidth=2).encode(x=at, y=value, color=color)


def places(frame: pl.DataFrame) -> alt.Chart:
    """Tracks as faint dots, listeners as strong ones."""
    blank = alt.Axis(labels=False, ticks=False, domain=False, grid=False)
    listener = alt.datum.what == "listener's taste"
    return (
        alt.Chart(frame)
        .mark_point(filled=True)
        .encode(
            x=alt.X("x:Q", title=None, axis=blank),
            y=alt.Y("y:Q", title=None, axis=blank),
            color=alt.Color("what:N", sort=["track", "listener's taste"]),
            size=alt.condition(listener, alt.value(55), alt.value(16)),
            opacity=alt.condition(listener, alt.value(0.9), alt.value(0.45)),
        )
        .properties(width=_WIDTH + 100, height=340)
    )
