"""The flows: the nightly batch, imports, enrichment. Prefect is known here only, and only where it runs them.

Telemetry of every tool is off unless the environment says otherwise.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
