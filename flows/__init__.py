"""Prefect flows: the only place that knows Prefect. Telemetry of every tool is off unless the environment says otherwise."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
# the server that Prefect starts for a single run may need longer than its default on a busy machine
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
