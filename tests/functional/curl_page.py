"""The curl page: its commands, and the output that it shows.

    python -m tests.functional.curl_page

runs the commands and writes their output into the page. Review the diff before you
commit it.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from tests.functional.command_page import ROOT, CommandPage, demo_server

URL = "http://127.0.0.1:8080"
HTTP = {"LOCALDIAL_HTTP_LISTEN": "127.0.0.1:0"}

# The bytes of a detail, which `debug` has as JSON.
_VALUE = re.compile(r'("value": "[^"]{8})[^"]+"')


def readable(output: str) -> str:
    """Return an output as the page shows it: a JSON document with line breaks, and its bytes cut short."""
    try:
        document = json.loads(output, object_hook=_with_sorted_metadata)
    except ValueError:
        return output
    return _VALUE.sub(r'\1…"', json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def _with_sorted_metadata(members: dict[str, Any]) -> dict[str, Any]:
    # protobuf gives the entries of a map in another order each time.
    metadata = members.get("metadata")
    return members if metadata is None else {**members, "metadata": dict(sorted(metadata.items()))}


PAGE = CommandPage(
    ROOT / "docs/curl.md", "curl", lambda server: {URL: server.page.removesuffix("/")}, layout=readable
)


def main() -> None:
    """Rewrite the page."""
    with tempfile.TemporaryDirectory() as folder:
        server = demo_server(Path(folder), **HTTP)
        try:
            PAGE.rewrite(server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
