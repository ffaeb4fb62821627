"""Neighbours against a hand-sized table, a brute-force reference and the properties of a correlation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recsys.stages.neighbors.search import bands, mutual, tiles
from recsys.stages.neighbors.search.nearest import Method, Nearest, co_rated, nearest, nearest_blocks
from tests.support import rated
from tests.support.rated import EDGES

METHODS: tuple[Method, ...] = ("catalogue", "co_rated")


def matrix(rows: list[dict[int, float]], items: int) -> csr_array:
    """One dictionary item → rating a user; a rating of 0 is stored."""
    indptr = np.cumsum([0, *(len(row) for row in rows)])
    indices = np.array([item for row in rows for item in sorted(row)], np.int32)
    values = np.array([row[item] for row in rows for item in sorted(row)], np.float64)
    return csr_array((values, indices, indptr), shape=(len(rows), items))


def brute_force(ratings: csr_array, method: Method) -> tuple[np.ndarray, np.ndarray]:
    """Dense (users, users) similarity and overlap by the definitions, one pair after another."""
    users = ratings.shape[0]
    known = csr_array((np.ones_like(ratings.data), ratings.indices, ratings.indptr), shape=ratings.shape).toarray() > 0
    dense, similarity = ratings.toarray(), np.zeros((users, users))
    for u in range(users):
        for v in set(range(users)) - {u}:
            on = known[u] & known[v] if method == "co_rated" else np.full(known.shape[1], True)
            x, y = dense[u][on], dense[v][on]
            if on.sum() > 1 and all(np.ptp(z) > 1e-12 * max(1, *abs(z)) for z in (x, y)):
                r = np.corrcoef(x, y)[0, 1]
                similarity[u, v] = 0 if abs(r) < 1e-12 else 1 if r > 1 - 1e-12 else r
    return similarity, known.astype(int) @ known.T.astype(int)


def all_neighbors(ratings: csr_array) -> np.ndarray:
    """Dense (users, users) positive co-rated similarities."""
    users = ratings.shape[0]
    result = co_rated(ratings, ratings.tocsc(), 0, users)
    return csr_array((result.similarity, result.indices, result.indptr), shape=(users, users)).toarray()


def assert_nearest(result: Nearest, similarity: np.ndarray, overlap: np.ndarray) -> None:
    """The k largest values of every row, in order, whichever of two users a rounding error apart comes first."""
    similarity = np.where(overlap > 0, np.maximum(similarity, 0), 0)
    k = result.indices.shape[1]
    expected = -np.sort(-np.pad(similarity, ((0, 0), (0, k))), axis=1)[:, :k]
    np.testing.assert_allclose(result.similarity, expected, atol=1e-12)
    for user, (indices, values) in enumerate(zip(result.indices, result.similarity, strict=True)):
        real = indices >= 0
        assert (values[~real] == 0).all()
        assert (result.overlap[user][~real] == 0).all()
        assert len(set(indices[real])) == real.sum()
        np.testing.assert_allclose(similarity[user, indices[real]], values[real], atol=1e-12)
        np.testing.assert_array_equal(overlap[user, indices[real]], result.overlap[user][real])


ratings_rows = st.lists(
    st.dictionaries(st.integers(0, 7), st.sampled_from([-1.0, 0.0, 0.2, 0.45, 0.9, 1.0, 3.7]), max_size=8), min_size=1, max_size=9
)
positive_rows = st.lists(
    st.dictionaries(st.integers(0, 7), st.sampled_from([0.2, 0.45, 0.9, 1.0, 3.7]), max_size=8), min_size=2, max_size=9
)


class TestHandTable:
    ratings = matrix(
        [{0: 1, 1: 2, 2: 3}, {0: 2, 1: 4, 2: 6, 3: 9}, {0: 3, 1: 2, 2: 1}, {1: 5, 2: 5}, {0: 1, 1: 2, 2: 2}, {3: 1}], 4
    )

    def test_co_rated(self) -> None:
        result = co_rated(self.ratings, self.ratings.tocsc(), 0, 6)
        assert result.indptr.tolist() == [0, 2, 4, 4, 4, 6, 6]
        assert result.indices.tolist() == [1, 4, 0, 4, 0, 1]
        half = np.sqrt(3) / 2
        np.testing.assert_allclose(result.similarity, [1, half, 1, half, half, half], atol=1e-15)
        assert result.overlap.tolist() == [3] * 6

    def test_block(self) -> None:
        result = co_rated(self.ratings, self.ratings.tocsc(), 3, 5)
        assert result.indptr.tolist() == [0, 0, 2]
        assert result.indices.tolist() == [0, 1]

    def test_catalogue(self) -> None:
        result = nearest(matrix([{0: 1}, {0: 2, 1: 2}, {2: 4}, {0: 4, 2: 4}], 4), k=2)
        third = 1 / np.sqrt(3)
        assert result.indices.tolist() == [[1, 3], [0, -1], [3, -1], [0, 2]]
        np.testing.assert_allclose(result.similarity, [[third, third], [third, 0], [third, 0], [third, third]], atol=1e-15)
        assert result.overlap.tolist() == [[1, 1], [1, 0], [1, 0], [1, 1]]


class TestBruteForce:
    @given(ratings_rows)
    def test_co_rated(self, rows: list[dict[int, float]]) -> None:
        ratings = matrix(rows, 8)
        similarity, _ = brute_force(ratings, "co_rated")
        np.testing.assert_allclose(all_neighbors(ratings), np.maximum(similarity, 0), atol=1e-12)

    @pytest.mark.slow
    @pytest.mark.parametrize("method", METHODS)
    @given(rows=ratings_rows, k=st.integers(1, 12))
    def test_nearest(self, method: Method, rows: list[dict[int, float]], k: int) -> None:
        ratings = matrix(rows, 8)
        assert_nearest(nearest(ratings, k, method), *brute_force(ratings, method))

    @pytest.mark.slow
    @pytest.mark.parametrize("method", METHODS)
    def test_long_tail(self, method: Method) -> None:
        ratings = long_tail(150, 80, 3000)
        assert_nearest(nearest(ratings, 20, method), *brute_force(ratings, method))


def long_tail(users: int, items: int, count: int) -> csr_array:
    random = np.random.default_rng(5)
    u, i = random.integers(0, users, count), (items * random.random(count) ** 3).astype(int)
    cells = np.unique(u * items + i)
    return csr_array((random.gamma(2, 1, cells.size), (cells // items, cells % items)), shape=(users, items))


class TestProperties:
    @pytest.mark.slow
    @given(ratings_rows)
    def test_symmetric_bounded_without_oneself(self, rows: list[dict[int, float]]) -> None:
        similarity = all_neighbors(matrix(rows, 8))
        assert (similarity == similarity.T).all()
        assert similarity.max() <= 1
        assert not similarity.diagonal().any()

    @pytest.mark.slow
    @pytest.mark.parametrize("method", METHODS)
    @given(rows=positive_rows, factor=st.sampled_from([0.1, 0.5, 7.0]))
    def test_scale_invariant(self, method: Method, rows: list[dict[int, float]], factor: float) -> None:
        scaled = [{item: factor * rating for item, rating in row.items()} if u % 2 else row for u, row in enumerate(rows)]
        one, other = (nearest(matrix(version, 8), 10, method) for version in (rows, scaled))
        np.testing.assert_allclose(one.similarity, other.similarity, atol=1e-9)

    @given(rows=positive_rows, shift=st.sampled_from([-2.0, 0.3, 11.0]))
    def test_co_rated_shift_invariant(self, rows: list[dict[int, float]], shift: float) -> None:
        shifted = [{item: shift + rating for item, rating in row.items()} if u % 2 else row for u, row in enumerate(rows)]
        np.testing.assert_allclose(all_neighbors(matrix(rows, 8)), all_neighbors(matrix(shifted, 8)), atol=1e-9)

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("threads", [2, 3])
    def test_same_bits_for_any_number_of_threads(self, method: Method, threads: int) -> None:
        ratings = long_tail(150, 80, 3000)
        for one, other in zip(nearest(ratings, 9, method), nearest(ratings, 9, method, threads), strict=True):
            assert one.tobytes() == other.tobytes()

    @pytest.mark.parametrize("method", METHODS)
    def test_block_is_a_part_of_the_whole(self, method: Method) -> None:
        ratings = long_tail(60, 40, 900)
        for whole, part in zip(nearest(ratings, 9, method), nearest(ratings, 9, method, first=11, last=37), strict=True):
            assert whole[11:37].tobytes() == part.tobytes()


def one_by_one(ratings: csr_array, k: int) -> list[np.ndarray]:
    """By the search for single users, which looks at no pair for both."""
    parts = [nearest(ratings, k, first=user, last=user + 1) for user in range(ratings.shape[0])]
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


class TestBlocks:
    @given(rows=ratings_rows.filter(lambda rows: len(rows) > 1), k=st.integers(1, 12), block=st.integers(1, 9))
    def test_are_the_whole_bit_for_bit(self, rows: list[dict[int, float]], k: int, block: int) -> None:
        ratings = matrix(rows, 8)
        parts = list(nearest_blocks(ratings, k, "catalogue", 1, (0, len(rows)), block))
        assert [len(part.indices) for part in parts[:-1]] == [block] * (len(parts) - 1)
        together = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
        for whole, blocks, single in zip(nearest(ratings, k), together, one_by_one(ratings, k), strict=True):
            assert whole.tobytes() == blocks.tobytes() == single.tobytes()

    @pytest.mark.parametrize("threads", [1, 3])
    @pytest.mark.parametrize("disliked", [0.0, 0.2, 0.5])
    def test_of_many_tiles(self, threads: int, disliked: float, monkeypatch: pytest.MonkeyPatch) -> None:
        """Single users, whose tiles are of another width, have the same bits too."""
        ratings = rated.long_tail(200, 80, 2000, disliked=disliked)
        wanted = one_by_one(ratings, 7)
        monkeypatch.setattr(tiles, "_TILE", {1: 32, 6: 32})
        monkeypatch.setattr(bands, "_WIDTH", 64)
        parts = list(nearest_blocks(ratings, 7, "catalogue", threads, (0, 200), 64))
        for columns, single in zip(zip(*parts, strict=True), wanted, strict=True):
            assert np.concatenate(columns).tobytes() == single.tobytes()

    def test_each_pair_is_correlated_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        met: list[tuple[int, int]] = []
        meet = mutual._meet_bands
        monkeypatch.setattr(mutual, "_meet_bands", lambda *most: (met.append(most[-2:]), meet(*most)))
        monkeypatch.setattr(bands, "_WIDTH", 64)
        for _ in nearest_blocks(long_tail(400, 80, 4000), 7, "catalogue", 2, (0, 400), 64):
            pass
        assert len({frozenset(pair) for pair in met}) == len(met) == 7 * 8 // 2


class TestEdges:
    def test_ties_in_ascending_index(self) -> None:
        for method in METHODS:
            result = nearest(matrix([{0: 1.0, 1: 3.0}] * 6, 3), 3, method)
            assert result.indices.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2], [0, 1, 2]]
            assert (result.similarity == 1).all()

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize(
        ("rows", "items"),
        [([{}], 3), ([{0: 1.0}], 1), ([{}, {}], 0), ([{}, {0: 1.0, 1: 2.0}], 2), ([{0: 0.2, 1: 0.2, 2: 0.2}] * 3, 3), ([], 4)],
        ids=["empty user", "one user, one item", "no items", "empty and full", "constant", "no users"],
    )
    def test_no_neighbors(self, method: Method, rows: list[dict[int, float]], items: int) -> None:
        result = nearest(matrix(rows, items), 2, method)
        assert result.indices.shape == (len(rows), 2)
        assert (result.indices == -1).all()
        assert not result.similarity.any()

    @pytest.mark.parametrize("rating", [0.2, 0.45, 1e9 / 3])
    def test_constant_raters_have_no_co_rated_neighbors(self, rating: float) -> None:
        rows = [dict.fromkeys(range(n), rating) for n in (3, 4, 7)] + [{0: 0.1, 1: 5.0, 2: 0.3}]
        ratings = matrix(rows, 9)
        assert co_rated(ratings, ratings.tocsc(), 0, 4).indices.size == 0

    def test_exactly_uncorrelated(self) -> None:
        ratings = matrix([{0: 0.45, 1: 0.9, 2: 0.45, 3: 1.2}, {0: 1.0, 1: 0.45, 2: 0.2, 3: 0.65}], 4)
        assert co_rated(ratings, ratings.tocsc(), 0, 2).indices.size == 0

    def test_item_that_everyone_rated(self) -> None:
        random = np.random.default_rng(2)
        rows = [{0: 5.0, int(item): 1.0} for item in random.integers(1, 9, 30)]
        ratings = matrix(rows, 9)
        for method in METHODS:
            assert_nearest(nearest(ratings, 40, method), *brute_force(ratings, method))

    def test_zero_is_a_rating(self) -> None:
        ratings = matrix([{0: 0.0, 1: 1.0}, {0: 0.0, 1: 2.0}], 3)
        assert co_rated(ratings, ratings.tocsc(), 0, 2).overlap.tolist() == [2, 2]

    def test_unsorted_rows(self) -> None:
        tidy = matrix([{0: 1, 1: 2, 2: 3}, {0: 2, 1: 1, 2: 6}], 3)
        untidy = csr_array((tidy.data[[2, 0, 1, 3, 5, 4]], tidy.indices[[2, 0, 1, 3, 5, 4]], tidy.indptr), shape=tidy.shape)
        assert nearest(tidy, 1, "co_rated").similarity.tobytes() == nearest(untidy, 1, "co_rated").similarity.tobytes()

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("spread", [1e-2, 1e-4, 1e-6])
    def test_everything_rated_almost_alike(self, method: Method, spread: float) -> None:
        # so small a deviation makes float32 intervals wider than all correlations
        rows = [{item: 5.0 + spread * (user + 1) * (item == user % 3) for item in range(3)} for user in range(7)]
        for last in (7, 6):
            result = nearest(matrix(rows, 3), 4, method, last=last)
            assert result.indices.max() < 7
            assert (result.indices != np.arange(last)[:, None]).all()
            for user in range(last):
                assert set(result.indices[user].tolist()) == {-1, *range(user % 3, 7, 3)} - {user}

    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize(("rows", "items"), EDGES.values(), ids=EDGES)
    def test_far_fewer_users_than_k(self, method: Method, threads: int, rows: list[dict[int, float]], items: int) -> None:
        ratings = matrix(rows, items)
        result = nearest(ratings, 50, method, threads)
        assert np.isfinite(result.similarity).all()
        with np.errstate(all="ignore"):
            assert_nearest(result, *brute_force(ratings, method))

    @pytest.mark.parametrize("method", METHODS)
    def test_more_equals_than_are_wanted(self, method: Method) -> None:
        # everyone is alike to the last bit, below 1 to the first: the lowest indices, however many there are
        ratings = matrix([{0: 1.0, 1: 2.0, 2: 4.0}] + [{0: 1.0, 1: 3.0, 2: 4.0, 3: 2.0}] * 500, 6)
        result = nearest(ratings, 4, method, 2)
        assert result.indices[[0, 1, 2, 500]].tolist() == [[1, 2, 3, 4], [2, 3, 4, 5], [1, 3, 4, 5], [1, 2, 3, 4]]
        assert 0 < result.similarity[0, 0] < 1
        assert (result.similarity[0] == result.similarity[0, 0]).all()

    def test_k_below_one(self) -> None:
        with pytest.raises(ValueError, match="k is 0"):
            nearest(matrix([{0: 1.0}], 1), 0)
