from __future__ import annotations

import re
from pathlib import Path

import integrator

ROOT = Path(integrator.__file__).parent
PRODUCTS = {"ministry", "conformance"}  # built without the gateway's code, each with one parser of its own
OTHERS = [path for path in ROOT.rglob("*.py") if not PRODUCTS & set(path.parts) and path.name != "safe_xml.py"]


def test_only_one_module_builds_xml_parsers():
    builders = re.compile(
        r"XMLParser|XMLPullParser|iterparse|HTMLParser|ElementTree|minidom|xml\.sax(?!\.saxutils)|expat"
    )

    assert [path.name for path in OTHERS if builders.search(path.read_text())] == []


def test_nothing_is_parsed_without_the_parser_of_the_house():
    calls = re.compile(r"etree\.(?:fromstring|XML|parse|fromstringlist)\((?:[^()]|\([^()]*\))*\)")
    bare = [
        (path.name, call)
        for path in OTHERS
        for call in calls.findall(path.read_text())
        if "xml_parser()" not in call and "_PARSER" not in call
    ]

    assert bare == []


def test_the_conformance_suite_builds_one_parser_that_resolves_and_fetches_nothing():
    sources = [path.read_text() for path in (ROOT / "conformance").rglob("*.py")]
    built = [each for source in sources for each in re.findall(r"XMLParser\([^)]*\)", source)]

    assert built == ["XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)"]
