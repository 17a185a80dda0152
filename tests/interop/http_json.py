"""Drive the API as JSON over HTTP for the interop suite, with no client but an HTTP library.

`README.md` documents the commands. Requests are sent as they come. The messages of the contract serve only to
encode responses for the driver protocol.
"""

import base64
import json
import sys
import uuid
from collections.abc import Callable
from typing import Any

import urllib3
from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo

from tests.interop.contract import METHODS

Json = dict[str, Any]

_TIMEOUT_SECONDS = 60.0

# The contract requires a request_id here, which clients make up if their caller does not.
_SPENDS_OR_DELETES = {f"localdial.v1.NumberInventory/{name}" for name in ("PurchaseNumbers", "DeleteNumbers")}

_DETAILS: dict[str, type[Message]] = {
    each.DESCRIPTOR.full_name: each for each in (BadRequest, ErrorInfo, RetryInfo)
}


class Refused(Exception):
    """A call failed. `error` is the error object of the driver protocol."""

    def __init__(self, error: Json) -> None:
        super().__init__(error["message"])
        self.error = error


class Caller:
    """Posts JSON to the server of one `connect`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT_SECONDS, retries=False)

    def close(self) -> None:
        self._pool.clear()

    def post(self, method: str, request: Json) -> bytes:
        """Call the method; return the JSON of its response. Raises `Refused`."""
        if method in _SPENDS_OR_DELETES:
            request = {"request_id": str(uuid.uuid4()), **request}
        response = self._pool.request(
            "POST",
            f"{self._url}{method}",
            body=json.dumps(request).encode(),
            headers={"content-type": "application/json"},
        )
        assert response.headers["content-type"] == "application/json", response.headers
        if response.status != 200:
            raise Refused(_error_of(response))
        return response.data


def _error_of(response: urllib3.BaseHTTPResponse) -> Json:
    document = json.loads(response.data)
    details = []
    for detail in document.get("details", []):
        # `value` has the bytes of the message, and `debug` the same as JSON, for those without the contract.
        raw = base64.b64decode(detail["value"] + "==")
        assert MessageToDict(_DETAILS[detail["type"]].FromString(raw)) == detail["debug"], detail
        details.append((detail["type"], detail["debug"]))
    code = document["code"].upper()
    return _error_object(
        f"HTTP {response.status}",
        "CANCELLED" if code == "CANCELED" else code,
        document.get("message", ""),
        details,
    )


def _error_object(kind: str, code: str, message: str, details: list[tuple[str, Json]]) -> Json:
    error: Json = {"type": kind, "code": code, "message": message}
    for name, detail in details:
        match name:
            case "google.rpc.ErrorInfo":
                error |= {"reason": detail["reason"], "metadata": detail.get("metadata", {})}
            case "google.rpc.BadRequest":
                error["violations"] = detail["fieldViolations"]
            case "google.rpc.RetryInfo":
                error["retry_delay_ms"] = float(detail["retryDelay"].removesuffix("s")) * 1000
    return error


def _status_error(item: Json) -> Json | None:
    """Return the error of an item of a response; None if it has none."""
    status = item.get("status")
    if status is None:
        return None
    details = [(each["@type"].rpartition("/")[2], each) for each in status.get("details", [])]
    return _error_object("status", Code.Name(status["code"]), status.get("message", ""), details)


def _encoded(method: str, body: bytes) -> str:
    message = Parse(body, GetMessageClass(METHODS[method].output_type)())
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode("ascii")


callers: dict[str, Caller] = {}


def connect(command: Json) -> Json:
    """Open a connection pool."""
    (url,) = command["addresses"]
    callers[command["client"]] = Caller(url)
    return {"ok": True}


def close(command: Json) -> Json:
    """Close a connection pool."""
    callers.pop(command["client"]).close()
    return {"ok": True}


def call(command: Json) -> Json:
    """Make one call."""
    body = callers[command["client"]].post(command["method"], command["request"])
    return {"response": _encoded(command["method"], body)}


def pages(command: Json) -> Json:
    """Return all pages of a list."""
    request, found = command["request"], []
    while True:
        body = callers[command["client"]].post(command["method"], request)
        found.append(_encoded(command["method"], body))
        token = json.loads(body).get("nextPageToken")
        if not token:
            return {"pages": found}
        request = {**request, "page_token": token}


def statuses(command: Json) -> Json:
    """Make one call and return the errors of the statuses in its response."""
    body = callers[command["client"]].post(command["method"], command["request"])
    items = json.loads(body).get(command["path"], [])
    return {"response": _encoded(command["method"], body), "errors": [_status_error(each) for each in items]}


OPERATIONS: dict[str, Callable[[Json], Json]] = {
    "connect": connect,
    "close": close,
    "call": call,
    "pages": pages,
    "statuses": statuses,
}


def main() -> None:
    """Respond to each line of the input with a line of output."""
    for line in sys.stdin:
        command = json.loads(line)
        operation = OPERATIONS.get(command["op"])
        try:
            answer = {"unsupported": command["op"]} if operation is None else operation(command)
        except Refused as refused:
            answer = {"error": refused.error}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
