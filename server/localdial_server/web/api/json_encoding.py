"""Requests and responses as JSON, in the mapping of protobuf."""

import asyncio
import json
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message
from typing_extensions import override

from localdial_server.rpc.contract import MalformedRequest
from localdial_server.rpc.encoded_request import EncodedRequest
from localdial_server.web.api.json_problems import problems

# Larger ones are read and written in a thread, because Python takes milliseconds for them.
_LARGE_BYTES: Final = 8 * 1024

# The most characters of what a library says of a request.
_LONGEST_TEXT: Final = 300


class JsonRequest(EncodedRequest):
    """A request whose body is JSON."""

    def __init__(self, body: bytes, request_class: type[Message]) -> None:
        self._body = body
        self._request_class = request_class

    @override
    async def decoded(self) -> bytes:
        if len(self._body) < _LARGE_BYTES:
            return self._parsed()
        return await asyncio.to_thread(self._parsed)

    def _parsed(self) -> bytes:
        document = _document(self._body)
        try:
            return json_format.ParseDict(document, self._request_class()).SerializeToString()
        except (json_format.ParseError, TypeError, ValueError, AttributeError) as error:
            found = problems(document, self._request_class.DESCRIPTOR)
            raise MalformedRequest(f"the request cannot be read: {found or _shown(error)}") from None


def _document(body: bytes) -> dict[str, Any]:
    """Return the object in a body. Raises `MalformedRequest`."""
    if not body:
        raise MalformedRequest("the body is empty; send a JSON object, {} if no field is set")
    try:
        document = _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"the body is not UTF-8 text: its byte {error.start + 1} is wrong") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedRequest(f"the body is not JSON: {error.msg} at {where}") from None
    except RecursionError:
        raise MalformedRequest(
            "the body is not a request: its objects and arrays are nested too deeply"
        ) from None
    except ValueError as error:
        raise MalformedRequest(f"the body cannot be read: {_shown(error)}") from None
    if not isinstance(document, dict):
        raise MalformedRequest("the body must be a JSON object, such as {}")
    return document


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in members if names.count(name) > 1)
        raise ValueError(f"{twice[:60]} occurs twice in an object")
    for name in members:
        # A field has two names, and the library would take the last one that is sent.
        if "_" in name and (json_name := _json_name(name)) in members:
            raise ValueError(f"{json_name[:60]} and {name[:60]} are the same field; send only one of them")
    return members


def _json_name(name: str) -> str:
    """Return the name in JSON, such as `userId`, of the field `user_id`."""
    first, *words = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in words)


# Making them anew for each call takes as long as reading a small request.
_DECODER: Final = json.JSONDecoder(object_pairs_hook=_without_duplicates)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _shown(error: Exception) -> str:
    return str(error).rstrip(".")[:_LONGEST_TEXT]


async def response_as_json(response_class: type[Message], response: bytes) -> bytes:
    """Return the response as JSON."""
    if len(response) < _LARGE_BYTES:
        return _as_json(response_class, response)
    return await asyncio.to_thread(_as_json, response_class, response)


def _as_json(response_class: type[Message], response: bytes) -> bytes:
    document: Any = json_format.MessageToDict(response_class.FromString(response))
    return _ENCODER.encode(document).encode()
