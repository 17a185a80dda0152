"""Every relative link points to something that exists."""

import os
import re

import pytest

from tests.unit.docs.markdown import DOCUMENTS, ROOT, Document

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def broken_links(document: Document) -> list[str]:
    broken = []
    for path, anchor in _LINK.findall(document.prose):
        target = os.path.normpath(document.path.parent / path) if path else str(document.path)
        exists = (ROOT / target).exists()
        if not exists or (anchor and target in DOCUMENTS and anchor not in DOCUMENTS[target].anchors):
            broken.append(f"{path}#{anchor}" if anchor else path)
    return broken


@pytest.mark.parametrize("path", DOCUMENTS)
def test_links_have_their_targets(path: str) -> None:
    assert broken_links(DOCUMENTS[path]) == []


def test_a_broken_link_is_found() -> None:
    readme = DOCUMENTS["README.md"]
    text = "[a](missing.md) [b](#no-such-heading) [c](docs/api.md#errors) [d](docs/api.md#nothing)"
    assert broken_links(Document(readme.path, text)) == [
        "missing.md",
        "#no-such-heading",
        "docs/api.md#nothing",
    ]


def test_the_site_lists_every_decision_record() -> None:
    index = DOCUMENTS["docs/adr/README.md"].text
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    records = [path for path in DOCUMENTS if re.match(r"docs/adr/\d", path)]
    assert len(records) > 20
    for path in records:
        name = path.rpartition("/")[2]
        assert f"({name})" in index
        assert f"adr/{name}\n" in navigation


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if re.match(r"docs/adr/\d", path)])
def test_a_decision_record_has_a_status_and_a_date(path: str) -> None:
    heading = re.match(r"# (\d{4}) .+\n\n(.+)\n", DOCUMENTS[path].text)
    assert heading
    assert heading[1] in path
    assert re.fullmatch(r"Status: (accepted|superseded by .+) · Date: \d{4}-\d\d-\d\d", heading[2])
