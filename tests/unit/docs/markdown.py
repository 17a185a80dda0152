"""The Markdown files of the repository, and their parts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

_FOLDERS = "docs", "clients", "tests", "requirements", "third_party"
_NOT_OURS = {"node_modules", "target", "build"}
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block. `language` is empty if the fence names none."""

    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """A Markdown file; `path` is relative to the repository."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without its fenced code blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> list[CodeBlock]:
        """The fenced code blocks, in order."""
        return [CodeBlock(found[2], found[3]) for found in _FENCE.finditer(self.text)]

    @property
    def inline_code(self) -> list[str]:
        """The inline code, in order, each piece on one line."""
        return [" ".join(code.split()) for code in _INLINE_CODE.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """The anchors of the headings, as GitHub makes them."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {_anchor(heading) for heading in headings} | set(re.findall(r'<a id="(.+?)">', self.text))


def _anchor(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w -]", "", text.lower()).strip().replace(" ", "-")


def documents() -> Iterator[Document]:
    """Read every Markdown file that the project wrote, the generated ones too."""
    paths = [*ROOT.glob("*.md")]
    for folder in _FOLDERS:
        paths += (ROOT / folder).rglob("*.md")
    for path in sorted(paths):
        relative = path.relative_to(ROOT)
        if _NOT_OURS.isdisjoint(relative.parts) and not any(part.startswith(".") for part in relative.parts):
            yield Document(relative, path.read_text("utf-8"))


DOCUMENTS = {str(document.path): document for document in documents()}
