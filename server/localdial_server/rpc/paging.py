"""Page tokens: opaque to the caller, and valid only for the query that returned them."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message

from localdial_server.domain.errors import FieldViolation, InvalidFields

C = TypeVar("C", bound=tuple[Any, ...])
Item = TypeVar("Item")

NEWEST: Final = (2**63 - 1, "")
"""The cursor before the newest item of a list by time and identifier, newest first."""

_DEFAULT_SIZE = 50
_MAX_SIZE = 1000


class Page(Generic[C]):
    """The page of a list that a request asks for: the items after `cursor`.

    `first` is the cursor before the first item. Raises `InvalidFields` if the request's token is
    damaged or belongs to another query.
    """

    def __init__(self, request: Any, first: C) -> None:
        self._size: int = min(request.page_size or _DEFAULT_SIZE, _MAX_SIZE)
        self._query = _canonical(request)
        self.cursor: C = self._read(request.page_token, first) if request.page_token else first

    @property
    def limit(self) -> int:
        """How many items to read: one more than the page holds, to know whether another page follows."""
        return self._size + 1

    def cut(self, items: Sequence[Item], cursor_of: Callable[[Item], C]) -> tuple[Sequence[Item], str]:
        """Return the items of the page and the token of the next page, which is empty on the last."""
        page = items[: self._size]
        if len(items) <= self._size:
            return page, ""
        cursor = json.dumps(cursor_of(page[-1]))
        token = f"{self._digest(cursor)}{cursor}"
        return page, base64.urlsafe_b64encode(token.encode("utf-8")).decode("ascii")

    def _read(self, token: str, first: C) -> C:
        try:
            text = base64.urlsafe_b64decode(token.encode("ascii")).decode("utf-8")
        except ValueError:
            text = ""
        digest, cursor = text[:_DIGEST_LENGTH], text[_DIGEST_LENGTH:]
        if digest != self._digest(cursor) or not _has_shape(cursor, first):
            description = (
                "must be the next_page_token of the previous page; the rest of the request must not change"
            )
            raise InvalidFields([FieldViolation("page_token", description)])
        return tuple(json.loads(cursor))  # type: ignore[return-value]  # `_has_shape` has checked it

    def _digest(self, cursor: str) -> str:
        """Return a digest that binds the cursor to the query.

        It catches mistakes, not forgery: a forged token reads nothing that the query could not.
        """
        bound = self._query + cursor.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(bound, digest_size=_DIGEST_LENGTH // 2).hexdigest()


_DIGEST_LENGTH = 20


def _has_shape(text: str, first: tuple[Any, ...]) -> bool:
    """Return whether the text is a cursor of the same types as `first`, with values the database takes."""
    try:
        cursor = json.loads(text)
    except ValueError:
        return False
    return (
        isinstance(cursor, list)
        and [type(part) for part in cursor] == [type(part) for part in first]
        and all(0 <= part < 2**63 for part in cursor if isinstance(part, int))
        and all(part.isprintable() and part.isascii() for part in cursor if isinstance(part, str))
    )


def _canonical(request: Message) -> bytes:
    """Return everything in the request except which page it asks for, as bytes."""
    query = type(request)()
    query.CopyFrom(request)
    for field in "page_size", "page_token":
        query.ClearField(field)
    return request.DESCRIPTOR.full_name.encode("ascii") + query.SerializeToString(deterministic=True)
