"""Photograph the views of the console for docs/images. `scripts/screenshots` runs it."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser

from localdial_client import Client
from tests.console.browser import CHROMIUM, MISSING, Console, View, chromium, context_options
from tests.console.console_server import ConsoleServer
from tests.console.sample import fill
from tests.support.waiting import wait_until

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
_ORGANIZATION: Final = "acme"


class _Look(NamedTuple):
    name: str
    options: dict[str, Any]


_LOOKS: Final = (
    _Look("light", {"color_scheme": "light"}),
    _Look("dark", {"color_scheme": "dark"}),
    _Look("narrow", {"viewport": {"width": 360, "height": 740}}),
)


class _Picture(NamedTuple):
    name: str
    view: View
    query: str = ""


_PICTURES: Final = (
    _Picture("numbers", "numbers"),
    _Picture("purchase", "numbers", "?dialog=purchase&about=415&quantity=3"),
    _Picture("mapping", "numbers", "?dialog=map&about=%2B14155550100"),
    _Picture("why", "why", "#callee=%2B16285550177&agent=bob.ray"),
    _Picture("calls", "calls"),
    _Picture("call-backs", "call-backs"),
    _Picture("people", "people"),
    _Picture("health", "health"),
)

_FIRST_VIEW: Final = """() => new Promise(resolve => new PerformanceObserver((list, observer) => {
    observer.disconnect();
    resolve({paint: list.getEntries().at(-1).startTime, ...window.measured});
}).observe({type: "largest-contentful-paint", buffered: true}))"""

# Layout shifts are told to an observer only.
_OBSERVE_SHIFTS: Final = """
    window.measured = {shift: 0};
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) window.measured.shift += entry.value;
    }).observe({type: "layout-shift", buffered: true});
"""


def main() -> int:
    """Save the pictures: all, or those whose names are given."""
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots", description="Takes the pictures of the console."
    )
    parser.add_argument("name", nargs="*", help=f"{', '.join(each.name for each in _PICTURES)}; all without")
    parser.add_argument("--into", type=Path, default=_FOLDER, help="the folder; docs/images without it")
    arguments = parser.parse_args()
    if CHROMIUM is None:
        print(MISSING, file=sys.stderr)
        return 1
    arguments.into.mkdir(parents=True, exist_ok=True)
    wanted = [each for each in _PICTURES if not arguments.name or each.name in arguments.name]
    with (
        tempfile.TemporaryDirectory() as folder,
        ConsoleServer(Path(folder), LOCALDIAL_CALL_COUNT_SECONDS="1") as server,
        Client(server.address) as client,
        chromium() as browser,
    ):
        wait_until(fill(client, _ORGANIZATION).counted_calls, pause=0.5)
        for look in _LOOKS:
            for picture in wanted:
                _take(browser, server, picture, look, arguments.into)
        _measure(browser, server)
    return 0


def _take(browser: Browser, server: ConsoleServer, picture: _Picture, look: _Look, folder: Path) -> None:
    context = browser.new_context(**context_options(**look.options))
    console = Console(context.new_page(), server.url)
    console.open(_ORGANIZATION, picture.view, picture.query)
    console.page.wait_for_load_state("networkidle")
    file = folder / f"console-{picture.name}-{look.name}.png"
    console.page.screenshot(path=file)
    for problem in console.problems:
        print(f"{file.name}: {problem}", file=sys.stderr)
    context.close()


def _measure(browser: Browser, server: ConsoleServer) -> None:
    """Print the times of three first views, each in a browser that has loaded nothing before."""
    for _ in range(3):
        context = browser.new_context(**context_options())
        page = context.new_page()
        page.add_init_script(_OBSERVE_SHIFTS)
        page.goto(f"{server.url}/organizations/{_ORGANIZATION}/numbers")
        page.wait_for_load_state("networkidle")
        page.locator("tbody tr[aria-rowindex]").first.wait_for()
        found = page.evaluate(_FIRST_VIEW)
        print(f"first view {found['paint']:.0f} ms, layout shift {found['shift']:.4f}")
        context.close()


if __name__ == "__main__":
    sys.exit(main())
