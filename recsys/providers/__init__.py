"""Outside sources of data: Spotify and its web player, MusicBrainz, ListenBrainz, ReccoBeats, AcousticBrainz, Song.link.

:mod:`imports` is what people do with them, :mod:`status` what each can do now, :mod:`http` the one way they are called,
:mod:`cache` what is remembered, :mod:`merge` which source a field comes from. Nothing here runs unless it is asked for.
"""
