"""MkDocs hooks: pages that live beside the code, and links that work in the repository and on the site.

Every Markdown file links by relative path, as GitHub shows it. On the site, a link to another page goes to
that page, and a link to any other file goes to the repository.

The page of the rules is the README's section, so that the rules are written once.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/localdial/localdial/blob/main/"
README = "README.md"
RULES = "rules.md"
RULES_ANCHOR = "#the-rules"
RULES_SECTION = re.compile(r"^## (The rules\n.+?)(?=^## )", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<path>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the rules, and the pages of the navigation that are not in docs/, each under its path."""
    (rules,) = RULES_SECTION.findall((ROOT / README).read_text("utf-8"))
    files.append(File.generated(config, RULES, content=f"# {rules}"))
    for path in _pages(config.nav):
        if files.get_file_from_path(path) is None and (ROOT / path).exists():
            files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point relative links to the pages of the site, or to the repository."""
    del config
    here = page.file.src_uri
    in_docs = f"docs/{here}"
    folder = posixpath.dirname(in_docs if (ROOT / in_docs).exists() else here)

    def link(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, found["path"]))
        anchor = found["anchor"] or ""
        target = path.removeprefix("docs/")
        if (path, anchor) == (README, RULES_ANCHOR):
            target, anchor = RULES, ""
        if files.get_file_from_path(target):
            return f"]({posixpath.relpath(target, posixpath.dirname(here) or '.')}{anchor})"
        if (ROOT / path).exists():
            return f"]({REPOSITORY}{path}{anchor})"
        # MkDocs reports the broken link.
        return found[0]

    return LINK.sub(link, markdown)


def on_serve(server: LiveReloadServer, config: MkDocsConfig, builder: object) -> LiveReloadServer:
    """Follow edits of the pages that are not in docs/, too."""
    del builder
    for path in (README, *_pages(config.nav)):
        if (ROOT / path).exists():
            server.watch(str(ROOT / path))
    return server


def _pages(navigation: object) -> Iterator[str]:
    """Yield the paths in a part of the navigation."""
    match navigation:
        case str():
            yield navigation
        case list():
            for part in navigation:
                yield from _pages(part)
        case dict():
            for part in navigation.values():
                yield from _pages(part)
