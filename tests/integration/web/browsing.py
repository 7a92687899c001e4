"""Somebody who reads the pages of the desk, without a browser: cookies, forms and the token in them."""

import re

from integrator.domain.roles import Role
from tests.integration.web.people import Someone, made


class Browser(Someone):
    """Somebody who reads pages and sends forms; keeps cookies as a browser does."""

    def go(self, path, **facts):
        return self._ask("GET", path, **facts)

    def send(self, path, csrf=None, **fields):
        return self._ask("POST", path, data={"csrf": self.csrf if csrf is None else csrf, **fields})

    def _ask(self, method, path, **facts):
        told = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "Accept": "text/html"}
        self.door.cookies.clear()
        answer = self.door.request(method, f"/desk{path}", headers=told, follow_redirects=False, **facts)
        for line in answer.headers.get_list("set-cookie"):
            name, value = re.match(r"([^=]+)=([^;]*)", line).groups()
            self.cookies[name] = value
        found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer


def browser_of(door, house, role=Role.MANAGER, **facts):
    """The same, in already."""
    someone = made(door, house, role, **facts)
    browser = Browser(door, house, someone.login, someone.secret)
    browser.cookies, browser.csrf = someone.cookies, someone.csrf
    return browser
