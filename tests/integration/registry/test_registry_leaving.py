import json
import zipfile
from hashlib import sha256

import pytest

from integrator import pipeline
from integrator.domain.errors import NotFound
from integrator.domain.identifiers import KurumNo
from integrator.evidence.leaving import export_all
from integrator.evidence.pack import Wish
from tests.factories import KURUM, record, submitted


def test_everything_of_a_customer_that_leaves_is_in_one_archive(gateway, put, tmp_path):
    list(pipeline.accept(gateway, KURUM, submitted(record("K-1"), record("K-2", egitimTarihi="2025-10-24"))))
    pipeline.dispatch(gateway)
    put("hizmet_alim_formu", KURUM, "delivered", delivered_on="2026-03-01", kep_reference="KEP-1")
    put("kep", "7", direction="in", dated_on="2026-03-01", subject="ayrılış", kurum=KURUM)
    put("kep", "8", direction="in", dated_on="2026-03-01", subject="başkası", kurum="osgb-2")
    put("firma", "firma", "passive", since="2026-03-01")
    taken = export_all(gateway, KURUM, tmp_path / "out.zip", Wish((), {}, by="ayse"))

    assert (taken.messages, taken.packs, taken.erased) == (2, 1, 0)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {n: sha256(archive.read(n)).hexdigest() for n in archive.namelist() if n != "manifest.json"} == manifest[
            "files"
        ]
        receipts = [json.loads(line) for line in archive.read("receipts/00001.ndjson").splitlines()]
        assert [each["state"] for each in receipts] == ["accepted", "accepted"]
        assert json.loads(archive.read("registers/hizmet_alim_formu.json"))["kep_reference"] == "KEP-1"
        assert [each["no"] for each in json.loads(archive.read("registers/kep.json"))] == ["7"]


def test_nobody_is_made_by_asking_for_the_archive_of_an_unknown_customer(gateway, tmp_path):
    with pytest.raises(NotFound):
        export_all(gateway, KurumNo("osgb-9"), tmp_path / "out.zip", Wish((), {}, by="ayse"))

    assert not list(tmp_path.glob("*.zip*"))
