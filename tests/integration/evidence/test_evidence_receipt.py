"""A makbuz tells what happened, proves it, and names nobody."""

import json
import re
import zlib
from base64 import a85decode
from dataclasses import replace
from hashlib import sha256

import pytest

from integrator import acts, pipeline
from integrator.audit.checkpoint import open_note
from integrator.audit.prove import prove_bildirim
from integrator.audit.tree import leaf_hash, root_from_proof
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo, SorguNo
from integrator.evidence.dossier import read_opening
from integrator.evidence.receipt import make_receipt, qr_text
from integrator.evidence.receipt_pdf import render_receipt
from integrator.store.engine import reading
from tests.factories import KURUM, PROFESSIONAL, REPO, WORKER, record, submitted


@pytest.fixture
def sent(gateway, accept):
    [number] = accept(record("OSGB-2025-1"))
    pipeline.dispatch(gateway)
    return number


def test_a_receipt_tells_what_became_of_the_message_and_names_nobody(gateway, sent, entries):
    made = make_receipt(gateway, KURUM, sent, by="ayse")
    text = json.dumps(made, ensure_ascii=False)

    assert (made["state"], made["code"], made["parts"]) == ("accepted", "200", {"accepted": 1, "total": 1})
    assert (made["kayit_no"], made["attempts"], made["signature"]) == ("OSGB-2025-1", 1, "CAdES-BES")
    assert None not in made["times"].values()
    assert PROFESSIONAL not in text
    assert WORKER not in text
    assert [(each["what"], each["by"]) for each in entries("content.opening")] == [("receipt", "ayse")]


def test_the_proof_of_every_entry_leads_to_the_signed_checkpoint(gateway, sent):
    made = make_receipt(gateway, KURUM, sent)
    head = open_note(made["checkpoint"], gateway.checkpoint_key.public)

    assert len(made["entries"]) == 3
    for each in made["entries"]:
        proof = [bytes.fromhex(node) for node in each["proof"]]
        assert root_from_proof(leaf_hash(each["leaf"].encode()), each["index"], head.size, proof) == head.root


def test_every_state_has_a_receipt(gateway, ministry, accept):
    [queued] = accept(record("K-1"))
    told = [make_receipt(gateway, KURUM, queued)["state"]]
    ministry.faults.append("210")
    pipeline.dispatch(gateway)
    told.append(make_receipt(gateway, KURUM, queued)["state"])

    assert told == ["queued", "refused"]
    assert make_receipt(gateway, KURUM, queued)["code"] == "210"


def test_of_a_health_message_no_digest_that_could_be_guessed_from(gateway):
    path = REPO / "datasets" / "muayene" / "2023-03" / "ornekler" / "periodic" / "record.json"
    answers = pipeline.accept(replace(gateway, metot="json-g4"), KURUM, submitted(json.loads(path.read_text())))
    [number] = next(iter(answers)).sorgu_no
    made = make_receipt(gateway, KURUM, number)

    assert made["digests"]["kind"] == "commitment"
    assert made["digests"]["canonical"] in made["entries"][0]["leaf"]


def test_nobody_elses_message_has_a_receipt(gateway, sent):
    with pytest.raises(NotFound):
        make_receipt(gateway, KurumNo("other"), SorguNo(sent))


def pages_of(pdf):
    """The page's drawing, unpacked."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    for each in streams:
        try:
            yield zlib.decompress(a85decode(each.strip(), adobe=False) if each.strip().endswith(b"~>") else each)
        except (ValueError, zlib.error):
            continue


def test_the_page_is_one_has_its_fonts_embedded_and_is_the_same_every_time(gateway, sent):
    made = make_receipt(gateway, KURUM, sent)
    pdf = render_receipt(made)

    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1
    assert pdf.count(b"/FontFile2") == 2
    assert render_receipt(made) == pdf
    assert WORKER.encode() not in pdf + b"".join(pages_of(pdf))


def test_the_qr_says_whose_which_and_the_digest(gateway, sent):
    made = make_receipt(gateway, KURUM, sent)

    assert qr_text(made) == f"ibys-makbuz/1 test {sent} sha256:{made['digests']['canonical']}"


def test_the_longest_names_stay_on_the_page(gateway, accept):
    [number] = accept(record("K" * 100))

    assert len(re.findall(rb"/Type /Page\b", render_receipt(make_receipt(gateway, KURUM, number)))) == 1


def test_a_stranger_with_the_signed_bytes_opens_the_logs_commitment_to_them(gateway, accept):
    number = accept(record("K-open"))[0]
    prefix = read_opening(gateway, KURUM, number, by="ayse")
    acts.checkpoint(gateway)
    with reading(gateway.database) as tx:
        leaves = " ".join(each["leaf"] for each in prove_bildirim(tx, number)["entries"])

    assert sha256(prefix + acts.read_canonical(gateway, KURUM, number)).hexdigest() in leaves
    assert sha256(acts.read_canonical(gateway, KURUM, number)).hexdigest() not in leaves
