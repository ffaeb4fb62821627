"""Who listens alike, and what they say about every track: the stage, the model it fits, and the search for the nearest."""
