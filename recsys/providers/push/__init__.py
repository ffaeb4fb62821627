"""Lists out to where people listen: ListenBrainz, Spotify, Subsonic servers such as Navidrome, Jellyfin."""
