"""Compiled loops over pairs: neighbours, votes, scores, diversity. Arrays in, arrays out; no frame, no name, no clock."""
