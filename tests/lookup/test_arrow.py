"""Frames become one batch of a lookup file, whose texts end in their checksums."""

from __future__ import annotations

import polars as pl
from isal.isal_zlib import crc32

from recsys.lookup.arrow import SCHEMAS, batch_of
from recsys.lookup.columns import sealed
from recsys.lookup.names import FILES, OLD_PARTS


def test_texts_are_sealed_but_for_rows_which_bring_their_own() -> None:
    batch = batch_of("tracks", pl.DataFrame({"more": ["m", "é"], "id": ["a", "b"], "head": ["{}", ""]}))
    assert batch.schema == SCHEMAS["tracks"]
    assert batch.column("more").to_pylist() == [sealed(b"m"), sealed("é".encode())]
    assert batch.column("head").to_pylist()[1] == crc32(b"").to_bytes(4, "little")
    assert batch_of("rows", pl.DataFrame({"rows": [b"packed"]})).column("rows").to_pylist() == [b"packed"]


def test_numbers_stay_numbers_in_one_batch() -> None:
    pool = pl.concat([pl.DataFrame({"track": [track], **{part: [0.5] for part in OLD_PARTS}}) for track in (3, 1)], rechunk=False)
    batch = batch_of("pool", pool)
    assert (batch.num_rows, batch.column("track").to_pylist()) == (2, [3, 1])
    assert batch.column("safety").to_pylist() == [0.5, 0.5]
    assert set(SCHEMAS) == set(FILES)
