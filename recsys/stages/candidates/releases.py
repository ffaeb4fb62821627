"""Which release of a song a list shows: the one that similar listeners play."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recsys.matrices import arrays
from recsys.matrices.arrays import Floats, Ints, Offsets
from recsys.matrices.history import History
from recsys.stages.candidates.kernels.releases import most_played


def heard_releases(history: History, several: Ints, canonical: Ints) -> csr_array:
    """(listeners, tracks) 1 at the release heard last of each song that a listener likes, of songs with several releases.

    ``several``: rows of these songs' releases; ``canonical`` (tracks,): the main release of each.
    """
    tracks = history.tracks
    wanted = np.zeros(tracks, np.bool_)
    wanted[canonical[several]] = True
    bounds, column = history.positive
    place = np.flatnonzero(wanted[column])
    owner, column = np.searchsorted(bounds, place, side="right") - 1, column[place].astype(np.int64)
    if history.releases:
        listeners = np.repeat(np.array([*history.releases]), [len(rows) for rows in history.releases.values()])
        rows = np.concatenate([*history.releases.values()])
        # one number for listener and song; searched from the right, the last of a listener's releases of a song wins
        songs, wanted_songs = listeners * tracks + canonical[rows], owner * tracks + column
        order = np.argsort(songs, kind="stable")
        place = np.searchsorted(songs[order], wanted_songs, side="right") - 1
        column = np.where((place >= 0) & (songs[order][place] == wanted_songs), rows[order][place], column)
    ones = csr_array((np.ones(len(owner)), (owner, column.astype(np.int32))), shape=(len(history.users), tracks))
    ones.sum_duplicates()
    return ones


def shown_releases(voters: csr_array, heard: csr_array, canonical: Ints) -> list[Ints]:
    """Of each list the releases to show that are not the main one of their song, in track order.

    ``voters`` (lists, listeners): how much each listener counts; ``heard``: of :func:`heard_releases`. Of releases that count
    as much the main one is shown, then the first.
    """
    counted = (*arrays.pattern(voters), voters.data.astype(np.float64, copy=False))
    ends, tracks = most_played(counted, arrays.pattern(heard), canonical)
    return np.split(tracks, ends[1:-1])


def voters_of(indptr: Offsets, neighbors: Ints, similarity: Floats, listeners: int) -> csr_array:
    """(block, listeners) the neighbours that count for each listener of a block, by their similarity above 0."""
    return csr_array((np.maximum(similarity, 0.0), neighbors, indptr), shape=(len(indptr) - 1, listeners))
