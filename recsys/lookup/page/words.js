// Every word of the page that needs one more line, and the parts of a score in their order.

export const PARTS = ["content", "collaborative", "popularity", "exploration", "familiarity", "target"];
export const FEATURES = ["danceability", "energy", "loudness", "speechiness", "acousticness", "instrumentalness", "liveness", "valence",
  "tempo", "time_signature", "key", "mode"];

export const MEANINGS = {
  content: "how well sound, artists and genres fit the listener's taste",
  collaborative: "what listeners of similar taste make of the track",
  popularity: "how widely the track is played",
  exploration: "how near its distance from the taste is to the one the list wants",
  familiarity: "how much of the listener's music is by the same artists",
  target: "how near the track is to the features the list asks for",
  safety: "a factor below 1 for poor quality, explicit lyrics, or artists and genres the listener rejects",
  promotion: "points added last for promoted tracks, at most 3.5",
  fit: "0 to 1; points follow from it, and add up to the score",
  confidence: "how much the listener's history says about the taste, 0 to 1",
  "ready for new": "how open the listener is to unfamiliar music, 0 to 1",
  friction: "share of the listener's events that are skips, dislikes or hides",
};

export const SOURCES = {
  cold: "for new listeners", pool: "in place of one left out", backfill_artist: "fills the list", backfill_known_artist: "fills the list",
  backfill_popularity: "fills the list",
};

/** What the answer to "why not" is about, by its rule; every other rule keeps the track out. */
export const VERDICTS = {
  missing: "Unknown track", undecided: "Too few points for this list", passed_over: "A candidate, but not picked",
};
