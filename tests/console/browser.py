"""The console in Debian's Chromium, as its users see it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

CHROMIUM: Final = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
MISSING: Final = "chromium is missing: apt-get install chromium"

View = Literal["numbers", "why", "calls", "call-backs", "people", "health"]

# On a busy machine a page may need this long, in milliseconds. Only a failing test waits so long.
PATIENCE_MS: Final = 15_000

ToastKind = Literal["success", "progress", "warning", "error"]

# An RPC that fails, which the page shows, is also a line in the browser's log.
_FAILED_CALL: Final = re.compile(r"/localdial\.v1\.")

_axe: Final = Axe()

# Each with the options of axe. In the dark, nothing but the colors is different.
_LOOKS: Final[tuple[tuple[Literal["dark", "light"], dict[str, Any]], ...]] = (
    ("dark", {"runOnly": ["color-contrast"]}),
    ("light", {}),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a browser, without a window. `CHROMIUM` must not be None."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        # Root, as in a container, may start it only without its sandbox.
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


class Console:
    """One tab with the console. `problems` collects what no page should have in the browser's log."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.problems: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._on_message)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))

    def open(self, organization_id: str, view: View = "numbers", query: str = "") -> None:
        """Go to a view of an organization by its URL."""
        self.page.goto(f"{self.url}/organizations/{organization_id}/{view}{query}")

    def go_to(self, name: str) -> None:
        """Go to a view by the navigation."""
        self.page.get_by_role("navigation").get_by_role("link", name=name).click()

    def sign_in(self, key: str) -> None:
        """Enter an API key."""
        self.page.get_by_label("API key").fill(key)
        self.button("Sign in").click()

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.get_by_role("dialog")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str))

    def toast(self, kind: ToastKind, text: str | re.Pattern[str]) -> Locator:
        """Wait for a message of this kind, and return it."""
        found = self.page.get_by_role("region", name="Messages").locator(f"[class*='_{kind}_']")
        shown = found.filter(has_text=text)
        expect(shown).to_be_visible()
        return shown

    @property
    def rows(self) -> Locator:
        """The rows of the table that are in the document."""
        return self.page.locator("main tbody tr[aria-rowindex]")

    def row(self, text: str) -> Locator:
        """Return the row that has this text."""
        return self.rows.filter(has_text=text)

    def tick(self, *texts: str) -> None:
        """Tick the rows with these texts."""
        for text in texts:
            self.row(text).get_by_role("checkbox").check()

    def saved(self, button: Locator) -> str:
        """Press the button, and return the text of the file that the browser saves."""
        with self.page.expect_download() as download:
            button.click()
        return download.value.path().read_text("utf-8")

    def assert_accessible(self) -> None:
        """Fail if axe finds anything wrong with what is shown, in light or dark colors."""
        # High contrast has colors of its own.
        is_forced = self.page.evaluate("matchMedia('(forced-colors: active)').matches")
        for colors, rules in _LOOKS[is_forced:]:
            self.page.emulate_media(color_scheme=colors)
            found = _axe.run(self.page, options=rules)
            assert found.violations_count == 0, f"{colors}: {found.generate_report()}"

    def assert_fits(self) -> None:
        """Fail if the page is wider than its window, which would hide a part of it."""
        widths: list[int] = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert widths[0] <= widths[1], f"the page is {widths[0]} px wide in a window of {widths[1]} px"

    def _on_message(self, message: ConsoleMessage) -> None:
        is_failed_call = message.text.startswith("Failed to load resource") and _FAILED_CALL.search(
            message.location["url"]
        )
        if message.type in {"error", "warning"} and not is_failed_call:
            self.problems.append(f"{message.type}: {message.text} {message.location['url']}")


def as_shown(phone_number: str) -> str:
    """Return a NANP number as the page shows it."""
    return f"({phone_number[2:5]}) {phone_number[5:8]}-{phone_number[8:]}"


def context_options(**more: Any) -> dict[str, Any]:
    """Return the options of a browser context: those that tests and screenshots share, and `more`."""
    return {
        "viewport": {"width": 1280, "height": 800},
        "locale": "en-US",
        "timezone_id": "America/Chicago",
        "reduced_motion": "reduce",
        **more,
    }
