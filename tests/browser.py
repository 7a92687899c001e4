"""The system's Chromium for tests of pages; none is downloaded. Where it is missing they are skipped with a NOTICE."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ARTEFACTS = Path(__file__).resolve().parents[1] / "build" / "screens"
"""Screenshots are kept here, outside git."""


def require_chromium() -> str:
    """The path of the program; skips the test with a NOTICE where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("NOTICE: Chromium is not installed, so no page was looked at in a browser (.ci/system-packages)")
    return found


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A headless browser that ends with the block."""
    program = require_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


class Screens:
    """Keeps a numbered screenshot of each step under `build/screens/<name>`, and what the pages complained about."""

    def __init__(self, name: str) -> None:
        self.folder = ARTEFACTS / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self._count = 0

    def watch(self, page: Page) -> Page:
        """Collect errors of the console, and every host that is asked for anything."""
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        return page

    def keep(self, page: Page, name: str) -> None:
        """What the page looks like now, whole; one that is wider than the window is complained of."""
        self._count += 1
        page.wait_for_load_state()  # after a click the new page may be there without its first element
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            self.complaints.append(f"{name} is wider than the window")
        page.screenshot(path=self.folder / f"{self._count:02}-{name}.png", full_page=True)


class Person:
    """Somebody at the pages of İSG-KATİP, in a browser context of their own, through both steps of the entrance."""

    def __init__(self, browser, screens, site, who, role):
        self.page = screens.watch(
            browser.new_context(locale="tr-TR", viewport={"width": 1200, "height": 700}).new_page()
        )
        self.screens, self.role = screens, role
        self.page.set_default_timeout(30_000)
        self.page.goto(site)
        self.click("Giriş", exact=True)
        option = self.page.get_by_label("Uydurma kişi").locator("option", has_text=who)
        self.page.get_by_label("Uydurma kişi").select_option(option.get_attribute("value"))
        self.keep("giris-1")
        self.press("Devam")
        self.keep("giris-2")
        self.page.get_by_label("Doğrulama kodu").fill(self.page.locator("#deneme-kodu").inner_text())
        self.press("Doğrula")
        self.keep("secim")

    def click(self, link, *, exact=False):
        self.page.get_by_role("link", name=link, exact=exact).first.click()

    def press(self, button):
        self.page.get_by_role("button", name=button, exact=True).first.click()

    def keep(self, name):
        self.screens.keep(self.page, f"{self.role}-{name}")

    def read_and_finish(self):
        self.click("Sürece Git")
        self.keep("surece-git")
        self.page.get_by_label("Okudum Onaylıyorum").check()
        self.press("Tamamla")
        self.keep("tamamlandi")
