"""Somebody at the desk with a real browser: the way in, both languages and widths, and a row of the morning page."""

from __future__ import annotations

import re
import time
from base64 import b32decode
from dataclasses import dataclass, field

from integrator.protect.totp import code_at
from tests.browser import Person

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PASSWORD = "kırmızı balık gölde yüzer"
OWN_WORDS = {"tr": "English", "en": "Türkçe"}
"""Language of a page -> the link that leads out of it."""


class DeskReader:
    """A browser context at the desk of `address`."""

    def __init__(self, browser, screens, address):
        self.page = screens.watch(browser.new_context(locale="tr-TR", viewport=DESKTOP).new_page())
        self.screens, self.address = screens, address
        self.page.set_default_timeout(60_000)

    def come_in(self, login, setup_code):
        """The first time, from the set-up code to the first page, with what the pages say."""
        page = self.page
        page.goto(f"{self.address}/desk")
        self.screens.keep(page, "giris")
        page.get_by_role("link", name="İlk kez giriyorum").click()
        page.get_by_label("E-posta adresi").fill(login)
        page.get_by_label("Kurulum kodu").fill(setup_code)
        page.get_by_label("Yeni parola", exact=True).fill(PASSWORD)
        page.get_by_label("Yeni parola, bir kez daha").fill(PASSWORD)
        page.get_by_role("button", name="Devam").click()
        page.get_by_role("button", name="Kuruluma başla").click()
        self.screens.keep(page, "telefon")
        secret = b32decode(page.locator("code.secret").inner_text())
        page.get_by_label("Doğrulama kodu").fill(code_at(secret, int(time.time()) // 30))
        page.get_by_role("button", name="Onayla").click()
        assert page.locator(".codes li").count() == 10
        page.get_by_role("link", name="Sakladım, devam").click()

    def keep_everywhere(self, name):
        """The page as it looks in both languages, on a desk and on a phone."""
        for language in ("tr", "en"):
            for width, size in (("masa", DESKTOP), ("telefon", PHONE)):
                self.page.set_viewport_size(size)
                self.screens.keep(self.page, f"{name}-{language}-{width}")
            self.page.set_viewport_size(DESKTOP)
            self.page.get_by_role("link", name=OWN_WORDS[language]).click()

    def figure(self, title):
        """The number on a card of the morning page."""
        card = self.page.locator("li.card").filter(has=self.page.get_by_role("heading", name=title))
        return int(card.locator(".figure").inner_text().replace(".", ""))


@dataclass
class CauseRow:
    """One row of the morning page as somebody reads it who knows nothing else."""

    count: int
    happened: str
    who: str
    where: str
    sgk: str
    professional: str = field(repr=False)
    has_button: bool

    @property
    def ways(self):
        """(party, steps) for each way through İSG-KATİP that the row names; the party is "" where it names one only."""
        return [
            (party, way.split(" > "))
            for party, way in re.findall(r"(?:(İşyeri|Profesyonel): )?İSG-KATİP > ([^.]+)\.", self.where)
        ]


def read_causes(page):
    """All of them, from the top."""
    found = []
    for row in page.locator("#causes tbody tr").all():
        cells = [row.locator("td, th").nth(at).inner_text() for at in range(4)]
        what = cells[1].split("\n")
        numbers = [line for line in what if re.fullmatch(r"[0-9]{26}", line)]
        after = what[what.index(numbers[0]) + 1] if numbers else ""
        count = int(cells[0].split("\n")[0].replace(".", ""))
        button = row.locator("summary").count() == 1
        found.append(CauseRow(count, what[0], cells[2], cells[3], numbers[0] if numbers else "", after, button))
    return found


def release_first(page, happened, sgk, reason):
    """Press the button of the row that says so, with a reason."""
    row = page.locator("#causes tbody tr").filter(has_text=happened).filter(has_text=sgk)
    row.locator("summary").click()
    row.get_by_label("Gerekçe").fill(reason)
    row.get_by_role("button").click()


def follow(person: Person, steps: list[str], sgk: str) -> None:
    """Do at İSG-KATİP what a row says, word by word."""
    for step in steps:
        if step == "işyeri (SGK no)":
            person.page.get_by_label("SGK sicil no").fill(sgk)
            person.press("İşyerini seç")
        elif step == "Okudum Onaylıyorum":
            person.page.get_by_label(step).check()
        else:
            named = {"name": step, "exact": True}
            person.page.get_by_role("link", **named).or_(person.page.get_by_role("button", **named)).first.click()
    person.keep("yapildi")
