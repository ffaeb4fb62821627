"""The OpenAPI document and the running server say the same."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from recsys.lookup import app
from recsys.lookup.app import ASSETS, PAGE

if TYPE_CHECKING:  # it takes longer to import than all else together, and `make check` does not run these tests
    import schemathesis

pytestmark = pytest.mark.slow

CONTRACT = json.loads((PAGE / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = [(path, method) for path, methods in CONTRACT["paths"].items() for method in methods]
QUICK = settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
LONG = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def schema(address: str) -> schemathesis.BaseSchema:
    import schemathesis

    return schemathesis.openapi.from_url(f"{address}/openapi.json")


def test_every_route_is_in_the_contract_and_the_other_way_round() -> None:
    source = Path(app.__file__).read_text(encoding="utf-8")
    routes = {line.split('"')[1] for line in source.splitlines() if line.strip().startswith("Route(")}
    assert routes == set(CONTRACT["paths"])
    assert CONTRACT["openapi"].startswith("3.1")
    assert not set(ASSETS) & routes


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_answers_keep_the_contract(schema: schemathesis.BaseSchema, path: str, method: str) -> None:
    explore(schema, path, method, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_many_answers_keep_the_contract(schema: schemathesis.BaseSchema, path: str, method: str) -> None:
    explore(schema, path, method, LONG)


def explore(schema: schemathesis.BaseSchema, path: str, method: str, how: settings) -> None:
    """Ask with made-up parameters, right and wrong; the checks compare status, type, headers and body with the contract."""
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi.checks import ignored_auth

    operation = schema[path][method]
    for mode in GenerationMode:

        @how
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=[ignored_auth])

        with contextlib.suppress(Unsatisfiable):  # an operation without parameters has nothing to get wrong
            ask()


def test_known_listeners_keep_the_contract(schema: schemathesis.BaseSchema, client: httpx.Client) -> None:
    for path in ("recommendations", "taste-profile", "controls", "lists"):
        answer = client.get(f"/v1/users/demo-u001/{path}")
        schema[f"/v1/users/{{user_id}}/{path}"]["get"].validate_response(answer)
    for track in ("demo-t0001", "nope"):
        schema["/v1/users/{user_id}/why/{track_id}"]["get"].validate_response(client.get(f"/v1/users/demo-u001/why/{track}"))
    schema["/v1/tracks/{track_id}"]["get"].validate_response(client.get("/v1/tracks/demo-t0001"))
