"""Files → input tables: tracks, events, controls, requests, and personal listening histories.

    ingest(lake, "events", [Path("events.csv")])
    ingest_export(lake, "ann", [Path("my_spotify_data.zip")])

Rows that cannot be used go to the table ``rejects`` with one of :data:`CODES`: rows read = kept + rejected, always. Events pass
through memory in blocks; a file of another table must fit in it.
"""

from recsys.ingest.exports import ingest_export, matched
from recsys.ingest.report import FilesRefusedError, Report
from recsys.ingest.rows import CODES
from recsys.ingest.tables import Progress, ingest

__all__ = ["CODES", "FilesRefusedError", "Progress", "Report", "ingest", "ingest_export", "matched"]
