import gzip
from pathlib import Path
from typing import Any

import pytest

from localdial_server.web.api.files import Files
from localdial_server.web.api.responses import Response

PAGE = b"<!doctype html><title>Local Dial Presence</title>"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "assets" / "index-4f1a.js").write_bytes(b"let it = 1")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    return Files.in_folder(tmp_path)


def get(files: Files, path: str, **headers: str) -> Response:
    scope: dict[str, Any] = {
        "path": path,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    return files.response(scope)


def test_files_with_a_hash_in_their_name_are_kept_and_others_are_asked_for_each_time(files: Files) -> None:
    script = get(files, "/assets/index-4f1a.js")
    assert (script.status, script.content_type, script.body) == (200, "text/javascript", b"let it = 1")
    assert dict(script.headers)[b"cache-control"] == b"public, max-age=31536000, immutable"
    for path in "/", "/index.html", "/logo.png":
        assert dict(get(files, path).headers)[b"cache-control"] == b"no-cache"


def test_a_path_of_the_console_itself_gets_its_page(files: Files) -> None:
    for path in "/numbers", "/calls/2026":
        answer = get(files, path, accept="text/html,application/xhtml+xml")
        assert (answer.status, answer.body) == (200, PAGE)
    assert get(files, "/numbers", accept="*/*").status == 404
    assert get(files, "/assets/gone.js").status == 404


def test_an_unchanged_file_is_not_sent_again(files: Files) -> None:
    tag = dict(get(files, "/").headers)[b"etag"].decode()
    again = get(files, "/", if_none_match=tag)
    assert (again.status, again.body) == (304, b"")
    assert get(files, "/", if_none_match='"other"').status == 200


def test_text_is_compressed_for_browsers_that_accept_it(files: Files) -> None:
    answer = get(files, "/", accept_encoding="gzip, br")
    assert dict(answer.headers)[b"content-encoding"] == b"gzip"
    assert gzip.decompress(answer.body) == PAGE
    assert b"content-encoding" not in dict(get(files, "/logo.png", accept_encoding="gzip").headers)


def test_without_a_console_the_page_says_what_the_address_is(tmp_path: Path) -> None:
    files = Files.in_folder(tmp_path / "console")
    answer = get(files, "/", accept="text/html")
    assert answer.status == 200
    assert b"This is localdial" in answer.body
    assert get(files, "/numbers", accept="text/html").status == 404
