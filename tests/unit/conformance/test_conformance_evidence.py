from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest

from integrator.conformance.client import Reply
from integrator.conformance.crawler import walk
from integrator.conformance.evidence import NotProved, prove
from integrator.conformance.signature import read_signature
from integrator.conformance.signer import WAYS, Authority, Container

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = "80000000132"


@pytest.fixture(scope="module")
def authority():
    return Authority(NOW)


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("expired", "unknown_authority")])
def test_a_signature_with_one_fault_is_found_to_have_it(authority, way):
    cms = Container(b"content", authority.signer(OWNER), way, NOW).octets()

    seen = read_signature(cms, b"content", OWNER)

    assert bool(seen.problems) == (way != "right"), seen.problems


def test_somebody_elses_signature_and_garbage_are_found(authority):
    cms = Container(b"content", authority.signer(OWNER), "right", NOW).octets()

    assert read_signature(cms, b"content", "81234567804").problems == ("the certificate belongs to somebody else",)
    assert read_signature(cms[:-7], b"content", OWNER).problems
    assert read_signature(b"\x30\x80", b"content", OWNER).problems


def tree(leaves):
    """The head over three leaves and the proof of each, by hand."""
    a, b, c = (hashlib.sha256(b"\0" + leaf.encode()).digest() for leaf in leaves)
    left = hashlib.sha256(b"\1" + a + b).digest()
    root = hashlib.sha256(b"\1" + left + c).digest()
    proofs = ([b, c], [a, c], [left])
    entries = [
        {"index": at, "leaf": leaf, "proof": [each.hex() for each in proof]}
        for at, (leaf, proof) in enumerate(zip(leaves, proofs, strict=True))
    ]
    return {"checkpoint": f"origin\n3\n{base64.b64encode(root).decode()}\n\n- x\n", "entries": entries}


def test_true_proofs_hold_and_a_changed_leaf_does_not():
    evidence = tree(["one", "two", "three"])
    assert prove(evidence) == 3

    evidence["entries"][1]["leaf"] = "two!"
    with pytest.raises(NotProved, match="entry 1"):
        prove(evidence)


@pytest.mark.parametrize(
    "evidence", [{}, {"checkpoint": "a\nb\nc", "entries": []}, {**tree(["1", "2", "3"]), "entries": []}]
)
def test_no_evidence_is_no_proof(evidence):
    with pytest.raises(NotProved):
        prove(evidence)


PAGES = {
    "http://here/": '<a href="/two">two</a><a href="https://giris.turkiye.gov.tr/x">e-Devlet</a>',
    "http://here/two": '<img src="//elsewhere/p.png"><div class="reklam"></div><a href="mailto:a@b">m</a>',
}


def test_the_crawler_finds_what_points_elsewhere_and_what_advertises():
    seen = walk("http://here/", lambda url: Reply(200, "text/html", "", PAGES[url].encode()), [".turkiye.gov.tr"])

    assert seen.visited == list(PAGES)
    assert [what for _, what in seen.faults] == [
        "<div> reklam", "<img> points to elsewhere", "<a> points to mailto",
    ]  # fmt: skip


def test_a_redirect_elsewhere_is_found():
    seen = walk("http://here/", lambda url: Reply(302, "", "https://ads.example/", b""), [])

    assert seen.faults == [("http://here/", "<redirect> points to ads.example")]
