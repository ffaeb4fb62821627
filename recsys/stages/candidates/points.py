"""What the points of preset ``default`` are made from: the catalogue, the listeners' ties and the lists' wishes as arrays.

The formula: :mod:`recsys.stages.candidates.kernels.points`.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices import arrays
from recsys.matrices.arrays import Flags, Floats, Ints, Offsets
from recsys.matrices.catalog import Catalog
from recsys.matrices.history import History
from recsys.matrices.netting import TRACK, Evidence, Netted, base_rate, familiarity, netted
from recsys.matrices.tokens import NameSets
from recsys.stages.candidates.kernels.core import TrackFacts
from recsys.stages.candidates.kernels.points import Ties
from recsys.tables import FEATURES

NOISE_VALENCE, NOISE_DANCE = 0.04, 0.25
"""Below both, a recording is rain, wind or hum rather than music."""
DOUBT, UNDESCRIBED, UNFINISHED = 0.25, 0.75, 3.0
"""Factors on noise and on tracks without sound, for listeners without history; points at which the crowd's skips count half."""


def facts(catalog: Catalog, history: History) -> TrackFacts:
    """What the parts read of the catalogue; ``history`` says how many heard a track and how many skipped it."""
    indptr, by_artist = _tracks_of_names(catalog.artist_sets)
    return TrackFacts(
        popularity=_popularity(catalog, history),
        scaled=np.ascontiguousarray(catalog.raw / catalog.spreads),
        by_artist_indptr=indptr,
        by_artist=by_artist,
        doubtful=doubtful(catalog, history),
    )


def _popularity(catalog: Catalog, history: History) -> Floats:
    """(tracks,) 0–1: the catalogue's, or where it has none the share of log listeners of the most heard track."""
    heard = np.bincount(history.liked.indices[history.liked.data > 0], minlength=history.liked.shape[1])[: history.tracks]
    own = np.log1p(heard) / max(np.log1p(heard.max(initial=0)), 1.0)
    return np.where(catalog.rated, np.clip(catalog.popularity, 0.0, 1.0), own[catalog.canonical])


def doubtful(catalog: Catalog, history: History) -> Floats:
    """(tracks,) factor 0–1 for listeners without history: noise, what nobody described, what hardly anyone finished."""
    sound = dict(zip(FEATURES, catalog.raw.T, strict=True))
    noise = catalog.audio & (sound["valence"] < NOISE_VALENCE) & (sound["danceability"] < NOISE_DANCE)
    good = np.asarray(history.in_catalog("liked").sum(axis=0)).ravel()
    bad = np.asarray(history.in_catalog("disliked").sum(axis=0)).ravel()
    base = (bad.sum() + 1.0) / (good.sum() + bad.sum() + 10.0)
    rate = (bad + UNFINISHED * base) / (good + bad + UNFINISHED)
    middle = (1.0 + base) / 2.0
    finished = 1.0 - np.clip((rate - middle) / (1.0 - middle), 0.0, 1.0)
    return np.where(noise, DOUBT, 1.0) * np.where(catalog.audio, 1.0, UNDESCRIBED) * finished[catalog.canonical]


def ties(catalog: Catalog, evidence: Evidence, cold: Flags, artists: Netted) -> Ties:
    """What a block's subjects know of artists and tracks; ``artists``: of :func:`recsys.matrices.taste.on_artists`."""
    works = catalog.work_members
    tracks = csr_array(netted(evidence, works, base_rate(evidence), TRACK).averse @ works.T)
    return Ties(_names(familiarity(artists)), _names(tracks), cold)


def _names(matrix: csr_array) -> arrays.Names:
    """A sparse matrix as kernels read it."""
    matrix.sort_indices()
    return arrays.Names(*arrays.pattern(matrix), matrix.data.astype(np.float64))


def _tracks_of_names(sets: NameSets) -> tuple[Offsets, Ints]:
    """Tracks of each name, those of one set after another: bounds (names + 1,) and tracks."""
    order = np.argsort(sets.of, kind="stable").astype(np.int32)
    begins = np.searchsorted(sets.of[order], np.arange(len(sets.indptr)))
    bounds, bearers = sets.bearers()
    sizes = np.diff(begins)[bearers]
    ends = np.r_[0, np.cumsum(sizes)]
    places = np.arange(ends[-1]) + np.repeat(begins[bearers] - ends[:-1], sizes)
    return ends[bounds].astype(np.int64), order[places]
