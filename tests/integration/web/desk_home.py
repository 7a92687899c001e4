"""A home where every page of the desk has something to show, and whoever opens it: no ways through the doors."""

import json
from dataclasses import dataclass, replace
from datetime import date

from integrator import announcing, pipeline
from integrator.announcing import Duyuru
from integrator.coverage.following import follow_all
from integrator.coverage.reading import count_places
from integrator.domain.hands import Hand
from integrator.domain.identifiers import SgkTescilNo
from integrator.domain.roles import Role
from integrator.evidence import packing
from integrator.paper import usage
from integrator.parties import sessions
from integrator.parties.register import profesyonel_index
from integrator.parties.sessions import Level
from integrator.registering import set_card
from integrator.registry import recording
from integrator.sign.keys import KeyCupboard
from tests.factories import KURUM, PROFESSIONAL, REPO, SGK, record, submitted, workers
from tests.integration.pipeline.exports import NEW, ROSTER, contract, import_rows, worker
from tests.integration.web.people import made_person

EXAMINATION = json.loads(
    (REPO / "datasets/muayene/2023-03/ornekler/diagnosis_is_cut_off/record.json").read_text(encoding="utf-8")
)
FINDING = {"severity": "other", "opened_on": "2026-03-01", "subject": "Açık kapı"}
HEALTH = ("Hipertansiyon", "9.1 g/dL", "bel ağrısı")
WORKERS = workers(3)
NAMES = ("Ayşe Şen", "İpek Öz", "Cem Kırmızıgül")
CONTACT = "İrtibat Kişisi"
PROFESSIONALS_NAME = "Deneme Kişisi"
PEOPLE = [each for each in Role if each is not Role.SYSTEM]


@dataclass
class DeskHome:
    """What stands in the addresses of pages: parameter of a route -> value; and those with a query."""

    ids: dict[str, str]
    with_query: tuple[str, ...]


def fill(gateway, ministry, clock, tmp_path) -> DeskHome:
    """Messages in many states with their causes, registers with names, an announcement, coverage."""
    today = clock.now().date()
    ministry.faults.extend([None, "213", "213", "212", "777", "210", "lost_reply"])
    several = [record(f"K-{n}", calisan=[WORKERS[n % 3]]) for n in range(8)]
    answers = list(pipeline.accept(gateway, KURUM, submitted(*several)))
    keyless = replace(gateway, cupboard=KeyCupboard([]))
    answers += pipeline.accept(keyless, KURUM, submitted(record("K-waits")))
    answers += pipeline.accept(replace(gateway, metot="json-g4"), KURUM, submitted(EXAMINATION))
    assert {each.status for each in answers} == {"accepted"}, answers
    pipeline.dispatch(gateway)
    _registers(gateway, tmp_path, today)
    _announce(gateway, today)
    follow_all(gateway, KURUM)
    count_places(gateway, KURUM)
    person = profesyonel_index(gateway.keyring.sealer(KURUM), PROFESSIONAL)
    number = str(answers[1].sorgu_no[0])
    since, until = date(2025, 10, 1), date(2025, 10, 31)
    pack = packing.ask_pack(gateway, KURUM, packing.Asked(SGK, since, until), by="op")
    assert packing.make_next(gateway, None)
    usage.issue(gateway, KURUM, usage.Asked(SgkTescilNo(SGK), since, until), by="op")
    told = recording.Told("finding", "2026-1", "", FINDING)
    assert not recording.record(gateway, told, Hand("op", "audit")).findings
    queries = ("/bildirim?state=held", f"/bildirim?isyeri={SGK}", "/coverage/deadlines?duty=contract&within=overdue",
               f"/isyeri/{SGK}/workers?standing=not_entered", "/isyeri?q=deneme", "/morning?released=3",
               "/registry/finding?page=1", "/paper?q=deneme",
               "/paper/report?month=2025-10")  # fmt: skip
    return DeskHome({"sorgu_no": number, "sgk_tescil_no": SGK, "profesyonel_index": person, "language": "en",
                     "name": "desk.css", "pack_no": pack.pack_no, "duyuru_no": "2026-1", "list_name": "workplaces",
                     "register": "finding", "entry_no": "2026-1"}, queries)  # fmt: skip


def _registers(gateway, tmp_path, today: date) -> None:
    rows = [[*worker(each), name] for each, name in zip(WORKERS, NAMES, strict=True)]
    soon = today.strftime("%d.%m.%Y")
    import_rows(gateway, tmp_path / "c.xlsx", "contracts", NEW, [contract(end=soon)], refreshed_on=today)
    import_rows(gateway, tmp_path / "r.xlsx", "roster", [*ROSTER, "Ad Soyad"], rows, refreshed_on=today)
    set_card(
        gateway, KURUM, SgkTescilNo(SGK), {"contact_name": CONTACT, "contact_phone": "5550000000"}, Hand("op", "phone")
    )


def _announce(gateway, today: date) -> None:
    told = Duyuru("2026-1", "Yeni sürüm", "Bir satır.\nBir satır daha.", today, must_acknowledge=True)
    announcing.announce(gateway, told, by="op")


def session_of(house, role, level=Level.OPEN):
    """(token of a session of that role, what its forms must carry)."""
    token, _ = made_person(house, role, KURUM, level=level)
    return token, sessions.csrf_of(token)
