"""Records, quotes and line numbers of CSV."""

from __future__ import annotations

import csv as standard
from io import BytesIO, StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.ingest import csv, lines


def read(text: str, count: int, separator: str = ",") -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    names = [f"c{place}" for place in range(count)]
    blocks = list(csv.rows(lines.blocks(BytesIO(text.encode())), names, separator))
    good = [row for block in blocks for row in block.frame.iter_rows()]
    bad = [row for block in blocks for row in block.broken.select("line", "code", "raw").iter_rows()]
    assert all(block.texts is not None and len(block.texts) == block.frame.height for block in blocks)
    return good, bad


def test_fields_are_text_and_lines_count_as_in_the_file() -> None:
    good, bad = read('a,1\n\n"b ""x""","2\n3"\r\nc,\n', 2)
    assert (good, bad) == ([(1, "a", "1"), (3, 'b "x"', "2\n3"), (5, "c", None)], [])


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(separator: str) -> None:
    assert read(f'a,b{separator}"c{separator}d"\n', 2, separator) == ([(1, "a,b", f"c{separator}d")], [])


def test_wrong_number_of_fields() -> None:
    assert read("a,b\na\na,b,c\nd,e\n", 2) == ([(1, "a", "b"), (4, "d", "e")], [(2, "fields", "a"), (3, "fields", "a,b,c")])


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ('1,"a\n2,b\n3,c\n', [(2, "2", "b"), (3, "3", "c")], [(1, "quote", '1,"a')]),
        ('1,a"b\n2,b\n', [(1, "1", 'a"b'), (2, "2", "b")], []),
        ('1,"a"b\n2,b\n', [(2, "2", "b")], [(1, "quote", '1,"a"b')]),
        ('1,"a,b\n2,c\n3,d",e\n4,f\n', [(2, "2", "c"), (4, "4", "f")], [(1, "quote", '1,"a,b'), (3, "fields", '3,d",e')]),
        ('1,"a\n2,b\n3,c"\n4,d\n', [(2, "2", "b"), (3, "3", 'c"'), (4, "4", "d")], [(1, "quote", '1,"a')]),
        ('1,2,"x\ny"\n2,b\n', [(3, "2", "b")], [(1, "quote", '1,2,"x'), (2, "fields", 'y"')]),
    ],
)
def test_a_stray_quote_costs_one_line(text: str, good: list[tuple[object, ...]], bad: list[tuple[object, ...]]) -> None:
    assert read(text, 2) == (good, bad)


def test_a_quote_that_is_never_closed_is_let_go_after_the_longest_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK", 16)
    monkeypatch.setattr(csv, "LONGEST", 40)
    text = '1,"a\n' + "".join(f"{row},b\n" for row in range(2, 60))
    good, bad = read(text, 2)
    assert len(good) == 58
    assert bad == [(1, "quote", '1,"a')]


def test_lines_that_end_in_different_ways_are_rows_each() -> None:
    good, bad = read('a,1\r\nb,2\rc,"x,y"\r\r\nd,4\re,"5\rf\ng,7\n"h\ri",8\n', 2)
    assert good == [(1, "a", "1"), (2, "b", "2"), (2, "c", "x,y"), (4, "g", "7"), (5, "h\ri", "8")]
    assert [(number, code) for number, code, *_ in bad] == [(3, "quote")]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\x85\u2028\u2029\ufeff"), max_size=6)
TABLES = st.integers(1, 4).flatmap(
    lambda count: st.lists(st.lists(CELLS, min_size=count, max_size=count), min_size=1, max_size=8)
)


@pytest.mark.slow
@settings(max_examples=60)
@given(TABLES, st.sampled_from([1, 7, 4096]), st.booleans())
def test_what_is_written_by_the_book_is_read_back(table: list[list[str]], size: int, everywhere: bool) -> None:
    out = StringIO()
    quoting = standard.QUOTE_ALL if everywhere else standard.QUOTE_MINIMAL
    standard.writer(out, quoting=quoting, lineterminator="\n").writerows(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_BLOCK", size)
        good, bad = read(out.getvalue(), len(table[0]))
    expected = [tuple(cell or None for cell in row) for row in table]
    visible = [row for row in expected if everywhere or len(row) > 1 or row[0] is None or row[0].strip()]
    swallowed = any("\n" in (cell or "") for row in expected for cell in row)
    assert bad == [] or swallowed
    assert [tuple(cell or None for cell in row[1:]) for row in good] == visible or swallowed


@pytest.mark.slow
@settings(max_examples=100)
@given(st.text(st.sampled_from('ab,"\n \r;'), max_size=40), st.integers(1, 3))
def test_no_line_is_lost(text: str, count: int) -> None:
    good, bad = read(text, count)
    numbers = [row[0] for row in [*good, *bad]]
    assert len(numbers) == len(set(numbers)) or "\r" in text
    for number, line in enumerate(text.split("\n" if "\n" in text else "\r"), 1):
        started = max((start for start in numbers if isinstance(start, int) and start <= number), default=None)
        assert started is not None or not line.strip()
