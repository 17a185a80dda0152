"""The OpenAPI description is valid, and what the server says over HTTP is as it describes."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from openapi_spec_validator import validate

from localdial_server.rpc.contract import PACKAGE, SERVICES, Contract
from scripts.lib.openapi import EXAMPLES
from tests.functional.http_caller import HttpCaller
from tests.functional.server_process import ServerProcess

# The examples of these name a key that does not exist.
FAILING = {
    "Administration/RotateApiKey": "API_KEY_NOT_FOUND",
    "Administration/RevokeApiKey": "API_KEY_NOT_FOUND",
}


class Described:
    """Calls a server, and checks each request and each response against the description it serves."""

    def __init__(self, page: str) -> None:
        self.document = yaml.safe_load(HttpCaller(page).send("GET", "/openapi.yaml").body)
        self._page = page
        served = {**self.document, "servers": [{"url": page}]}
        self._openapi = OpenAPI.from_dict(served)

    def call(self, method: str, request: object, **headers: str) -> requests.Response:
        url = f"{self._page}{PACKAGE}.{method}"
        prepared = requests.Request("POST", url, json=request, headers=headers).prepare()
        described = RequestsOpenAPIRequest(prepared)
        self._openapi.validate_request(described)
        with requests.Session() as session:
            response = session.send(prepared, timeout=30)
        self._openapi.validate_response(described, RequestsOpenAPIResponse(response))
        return response


@pytest.fixture
def server(start_server: Callable[..., ServerProcess]) -> ServerProcess:
    return start_server(LOCALDIAL_HTTP_LISTEN="127.0.0.1:0")


@pytest.fixture
def described(server: ServerProcess) -> Described:
    return Described(server.page)


def test_the_description_is_served_as_yaml_and_is_valid(server: ServerProcess, described: Described) -> None:
    answer = HttpCaller(server.page).send("GET", "/openapi.yaml")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/yaml")
    validate(described.document)


def test_it_has_every_method_of_the_contract_and_only_post(described: Described) -> None:
    contract = Contract()
    methods = {
        f"/{PACKAGE}.{name}/{each.name}" for name in SERVICES for each in contract.service(name).methods
    }
    assert described.document["paths"].keys() == methods
    assert all(path.keys() == {"post"} for path in described.document["paths"].values())


def test_each_example_and_its_response_are_as_described(described: Described) -> None:
    examples: Mapping[str, Any] = yaml.safe_load(EXAMPLES.read_text("utf-8"))
    for method, request in examples.items():
        shown = described.document["paths"][f"/{PACKAGE}.{method}"]["post"]["requestBody"]["content"]
        assert shown["application/json"]["example"] == request
        response = described.call(method, request)
        if method in FAILING:
            assert response.json()["details"][0]["debug"]["reason"] == FAILING[method]
        else:
            assert response.status_code == 200, (method, response.text)


def test_each_error_is_as_described(described: Described) -> None:
    wrong = {"organizationId": "no spaces", "userId": "bob", "calleeNumber": "415-555-0177"}
    assert described.call("CallRouting/ResolveOutboundCallerId", wrong).status_code == 400
    assert described.call("Directory/GetOrganization", {"organizationId": "nobody"}).status_code == 404
    late = described.call(
        "Directory/GetOrganization", {"organizationId": "nobody"}, **{"connect-timeout-ms": "0"}
    )
    assert late.status_code == 504
