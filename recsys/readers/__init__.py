"""What reads finished runs: why a track is where it is, differences of runs, views for analysts, exports."""
