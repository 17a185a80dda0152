"""The console's files, which a browser loads, and the OpenAPI description of the API."""

import functools
import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple, Self

from localdial_server.rpc.asgi import Scope
from localdial_server.web.api.responses import Response, text_response

_FOLDER: Final = "console"
_INDEX: Final = "/index.html"
_OPENAPI: Final = "openapi.yaml"

# Which Python's table of types does not have.
_TYPES: Final = {f"/{_OPENAPI}": "application/yaml"}

# Their names have a hash of their content.
_HASHED: Final = "/assets/"
_FOR_EVER: Final = (b"cache-control", b"public, max-age=31536000, immutable")
_ASK_EACH_TIME: Final = (b"cache-control", b"no-cache")

_COMPRESSED_TYPES: Final = (
    "text/",
    "application/javascript",
    "application/json",
    "application/yaml",
    "image/svg+xml",
)

_NO_CONSOLE: Final = (
    "This is localdial. Its API is here as JSON: POST a request to /localdial.v1.SERVICE/METHOD with the "
    f"header content-type: application/json. Its OpenAPI description is at /{_OPENAPI}."
)


class _Content(NamedTuple):
    body: bytes
    compressed: bytes | None
    tag: bytes


class _File:
    def __init__(self, path: str, file: Traversable) -> None:
        self._file = file
        self.content_type = _TYPES.get(path) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        self.caching = _FOR_EVER if path.startswith(_HASHED) else _ASK_EACH_TIME

    @functools.cached_property
    def content(self) -> _Content:
        body = self._file.read_bytes()
        is_text = self.content_type.startswith(_COMPRESSED_TYPES)
        tag = hashlib.sha256(body).hexdigest()[:32]
        return _Content(body, gzip.compress(body, mtime=0) if is_text else None, f'"{tag}"'.encode())


class Files:
    """Responds to GET with files, and with a line of text at `/` where there is no console."""

    def __init__(self, files: Mapping[str, _File]) -> None:
        """`files`: by their paths."""
        self._files = files

    @classmethod
    def of_the_package(cls) -> Self:
        """Return the files that the package has: the description, and the console if there is one."""
        package = resources.files("localdial_server.web")
        description = _File(f"/{_OPENAPI}", package.joinpath("api", _OPENAPI))
        return cls({f"/{_OPENAPI}": description, **dict(_found(package.joinpath(_FOLDER), ""))})

    @classmethod
    def in_folder(cls, folder: Traversable) -> Self:
        """Return the files in a folder, which need not exist."""
        return cls(dict(_found(folder, "")))

    def response(self, scope: Scope) -> Response:
        """Return the response to a GET or HEAD."""
        path, headers = scope["path"], dict(scope["headers"])
        if path == "/" and _INDEX not in self._files:
            return text_response(200, _NO_CONSOLE)
        file = self._files.get(_INDEX if path == "/" else path)
        if file is None and b"text/html" in headers.get(b"accept", b""):
            # The console has pages of its own, whose paths only it knows.
            file = self._files.get(_INDEX)
        if file is None:
            return text_response(404, "there is no such page")
        content = file.content
        caching = (file.caching, (b"etag", content.tag), (b"vary", b"accept-encoding"))
        if headers.get(b"if-none-match") == content.tag:
            return Response(304, file.content_type, b"", caching)
        if content.compressed is not None and b"gzip" in headers.get(b"accept-encoding", b""):
            encoding = (b"content-encoding", b"gzip")
            return Response(200, file.content_type, content.compressed, (*caching, encoding))
        return Response(200, file.content_type, content.body, caching)


def _found(folder: Traversable, path: str) -> "list[tuple[str, _File]]":
    if not folder.is_dir():
        return []
    found = []
    for each in folder.iterdir():
        here = f"{path}/{each.name}"
        found += _found(each, here) if each.is_dir() else [(here, _File(here, each))]
    return found
