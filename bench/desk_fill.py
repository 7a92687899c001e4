"""A home with as many records as are wanted, in minutes: true in shape and indexes, for timing pages of the desk.

    .venv/bin/python -m bench.desk_fill --home DIR --records 200000        # DIR: a home that `ibys init` made

Registers, rosters and names are real and open; of messages only what lists and counts read (rows, records, coverage):
their signed bytes are a byte long and no entry of the log speaks of them, so `ibys audit fsck` finds such a home odd.
Fill a home before anything else happens in it, and once. Everything in it is invented.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from integrator.audit.checkpoint import tree_size
from integrator.coverage.following import mark_stale
from integrator.coverage.messages import WITHDRAWN, worker_index
from integrator.coverage.reading import count_places
from integrator.coverage.subjects import KINDS
from integrator.domain.clock import ISTANBUL
from integrator.domain.identifiers import KurumNo
from integrator.domain.states import State
from integrator.gateway import Gateway
from integrator.parties import register
from integrator.parties.register import CALISAN, ISYERI, PROFESYONEL, SOZLESME, Told
from integrator.queue import outbox
from integrator.settings import read_settings
from integrator.store.coverage_tables import (
    coverage,
    coverage_cursor,
    coverage_depth,
    coverage_message,
    coverage_month,
    coverage_worker,
)
from integrator.store.dialect import dialect_of
from integrator.store.engine import writing
from integrator.store.rows import insert_rows
from integrator.store.tables import bildirim, bildirim_body, kayit
from integrator.trial.people import sgk_tescil_no, tckn
from integrator.wiring import open_gateway

Row = dict[str, Any]
AT_ONCE = 10_000
RECORDS_PER_PLACE, MONTHS = 1_000, 24
ROSTER, PROFESSIONALS, IN_A_MESSAGE = 20, 50, 3
SETS = (("egitim", "2018-10"), ("muayene", "2023-03"), ("hizmet_verilen_isyeri", "2026-06"))
SET_SHARES = (70, 29, 1)
FIRST_NAMES = ("Ayşe", "Mehmet", "Şükrü", "İpek", "Çağlar", "Ğül", "Ömer", "Ünal")
LAST_NAMES = ("Yılmaz", "Şen", "Çelik", "Öztürk", "İnce", "Güneş")
# (state, code, reason), and how many of 1,000 messages stand so
SHARES: tuple[tuple[State, str, str, int], ...] = (
    (State.ACCEPTED, "200", "accepted", 950),
    (State.PARTIAL, "200", "partial", 10),
    (State.REFUSED, "210", "refused", 8),
    (State.QUEUED, "", "", 10),
    (State.AWAITING_SIGNATURE, "", "", 8),
    (State.HELD, "213", "relation", 3),
    (State.HELD, "212", "relation", 3),
    (State.HELD, "999", "unknown_code", 2),
    (State.QUARANTINED, "214", "own_fault", 2),
    (State.UNCERTAIN, "timeout", "uncertain", 1),
    (State.CANCELLED, "", "by_hand", 3),
)


@dataclass(frozen=True, slots=True)
class Town:
    """Invented workplaces, professionals and rosters, with their indexes."""

    places: list[tuple[str, str]]  # number, index
    people: list[tuple[str, str]]
    rosters: list[list[str]]


def fill(gateway: Gateway, kurum: KurumNo, count: int, *, seed: int = 1) -> Town:
    """`count` messages, one a record, beside registers and coverage as the walk would have made them."""
    filler = _Filler(gateway, kurum, count, random.Random(seed))
    for start in range(0, count, AT_ONCE):
        filler.write_some(start, min(AT_ONCE, count - start))
    filler.write_counts()
    while count_places(gateway, kurum):
        pass
    with gateway.database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if gateway.database.dialect.name == "postgresql" else "ANALYZE")
    return filler.town


class _Filler:
    """Makes messages in groups and remembers what they add up to."""

    def __init__(self, gateway: Gateway, kurum: KurumNo, count: int, chance: random.Random) -> None:
        self._gateway, self._kurum, self._count, self._chance = gateway, kurum, count, chance
        self._now = gateway.clock.now()
        self.town = _town(gateway, kurum, max(20, count // RECORDS_PER_PLACE), chance)
        self._depths, self._months = Counter[str](), dict[tuple[str, str, str], list[int]]()
        self._latest: dict[tuple[str, str], Row] = {}

    def write_some(self, start: int, count: int) -> None:
        """The next messages, in one transaction."""
        with writing(self._gateway.database) as tx:
            dialect_of(tx).without_time_limit(tx)
            rows = [self._message(number, at) for at, number in enumerate(outbox.take_numbers(tx, count), start)]
            insert_rows(tx, kayit, [_record(self._kurum, row) for row in rows])
            insert_rows(tx, bildirim, [_row(self._kurum, row) for row in rows])
            body = {"kurum_id": self._kurum, "canonical": b"\0", "cms": b"\0"}
            insert_rows(tx, bildirim_body, [{**body, "sorgu_no": row["number"]} for row in rows])
            insert_rows(tx, coverage_message, [_followed(self._kurum, row) for row in rows])
            insert_rows(tx, coverage_worker, list(self._about(rows)))
        for row in rows:
            self._count_one(row)

    def _message(self, number: int, at: int) -> Row:
        """One message: the later its number, the later it was taken in."""
        chance, town = self._chance, self.town
        state, code, reason, _ = chance.choices(SHARES, [each[3] for each in SHARES])[0]
        veri_seti, version = chance.choices(SETS, SET_SHARES)[0]
        place = chance.randrange(len(town.places))
        taken_in_at = self._now - timedelta(days=30 * MONTHS) * ((self._count - at) / self._count)
        return {
            "number": number, "state": state.value, "code": code, "reason": reason, "veri_seti": veri_seti,
            "version": version, "place": place, "isyeri_index": town.places[place][1],
            "profesyonel_index": town.people[place % PROFESSIONALS][1], "at": taken_in_at,
            "day": taken_in_at.date() - timedelta(days=chance.randrange(5)),
        }  # fmt: skip

    def _about(self, rows: list[Row]) -> Iterator[Row]:
        """Some of the workplace's roster are in each message; the last fifth of it is in none."""
        sealer = self._gateway.keyring.sealer(self._kurum)
        for row in rows:
            if row["veri_seti"] not in KINDS:
                continue
            sgk, index = self.town.places[row["place"]]
            for each in self._chance.sample(self.town.rosters[row["place"]][: ROSTER * 4 // 5], IN_A_MESSAGE):
                found = {"kurum_id": self._kurum, "worker_index": worker_index(sealer, index, each)}
                yield {**found, "sorgu_no": row["number"]}
                self._remember((register.calisan_index(sealer, sgk, each), row["veri_seti"]), row)

    def _remember(self, key: tuple[str, str], row: Row) -> None:
        nothing = {"accepted_on": None, "accepted_no": None, "accepted_until": None}
        facts = self._latest.setdefault(key, {"isyeri_index": row["isyeri_index"], **nothing})
        facts |= {"latest_on": row["day"], "latest_no": row["number"]}
        if row["state"] == State.ACCEPTED:
            until = row["day"] + timedelta(days=365) if key[1] == "muayene" else None
            facts |= {"accepted_on": row["day"], "accepted_no": row["number"], "accepted_until": until}

    def _count_one(self, row: Row) -> None:
        self._depths[row["state"]] += 1
        of_month = self._months.setdefault((row["isyeri_index"], f"{row['day']:%Y-%m}", row["veri_seti"]), [0, 0])
        of_month[0] += row["state"] not in WITHDRAWN
        of_month[1] += row["state"] == State.ACCEPTED

    def write_counts(self) -> None:
        """What the walk would have kept of it all."""
        mine = {"kurum_id": self._kurum}
        facts = [{**mine, "calisan_index": k[0], "veri_seti": k[1], **v} for k, v in self._latest.items()]
        names = ("isyeri_index", "month", "veri_seti")
        months = [
            {**mine, **dict(zip(names, key, strict=True)), "notified": n[0], "accepted": n[1]}
            for key, n in self._months.items()
        ]
        with writing(self._gateway.database) as tx:
            insert_rows(tx, coverage, facts)
            insert_rows(tx, coverage_depth, [{**mine, "state": k, "depth": n} for k, n in self._depths.items()])
            insert_rows(tx, coverage_month, months)
            insert_rows(tx, coverage_cursor, [{**mine, "followed": tree_size(tx)}])
            mark_stale(tx, self._kurum, [index for _, index in self.town.places])


def _town(gateway: Gateway, kurum: KurumNo, places: int, chance: random.Random) -> Town:
    now = gateway.clock.now()
    today = now.astimezone(ISTANBUL).date()
    sealer = gateway.keyring.sealer(kurum, now=now)
    numbers = [sgk_tescil_no(1_000 + each) for each in range(places)]
    signers = [tckn(820_000_000 + 7 * each) for each in range(PROFESSIONALS)]
    rosters = [[tckn(830_000_000 + 7 * (ROSTER * at + each)) for each in range(ROSTER)] for at in range(places)]
    for at, (sgk, roster) in enumerate(zip(numbers, rosters, strict=True)):
        index = register.isyeri_index(sealer, sgk)
        card = {
            "sgk_tescil_no": sgk, "ad_unvan": f"DENEME İŞYERİ {at + 1}", "nace_kodu": "41.00.01",
            "tehlike_sinifi": chance.choice(("az", "tehlikeli", "cok")), "calisan_sayisi": ROSTER,
            "roster_on": today - timedelta(days=at % 40), "contracts_on": today, "otomatik_guncelleme": at % 5 and 1,
        }  # fmt: skip
        told = [Told(ISYERI, index, card)]
        told += [
            Told(CALISAN, register.calisan_index(sealer, sgk, each), {
                "isyeri_index": index, "tckn": each, "ad": _name(chance), "hired_on": today - timedelta(days=900),
            })
            for each in roster
        ]  # fmt: skip
        signer = signers[at % PROFESSIONALS]
        told.append(Told(SOZLESME, f"{at:032}", {
            "isyeri_index": index, "profesyonel_index": register.profesyonel_index(sealer, signer), "tckn": signer,
            "sgk_tescil_no": sgk, "durum": "onaylandi", "belge_tipi": "2", "minutes_per_month": 200,
            "bitis": today + timedelta(days=at % 400),
        }))  # fmt: skip
        if at < PROFESSIONALS:
            facts = {"tckn": signers[at], "ad": _name(chance), "belge_tipi": "2"}
            told.append(Told(PROFESYONEL, register.profesyonel_index(sealer, signers[at]), facts))
        with writing(gateway.database) as tx:
            register.write(tx, sealer, kurum, register.compare(tx, sealer, kurum, told), now=now)
    return Town(
        [(sgk, register.isyeri_index(sealer, sgk)) for sgk in numbers],
        [(each, register.profesyonel_index(sealer, each)) for each in signers],
        rosters,
    )


def _name(chance: random.Random) -> str:
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"


def _record(kurum: KurumNo, row: Row) -> Row:
    told = {"kurum_id": kurum, "kayit_no": f"DESK-{row['number']}", "fingerprint": b"\0" * 32, "body": b"\0"}
    return {**told, "veri_seti": row["veri_seti"], "version": row["version"], "event_date": row["day"],
            "received_at": row["at"]}  # fmt: skip


def _row(kurum: KurumNo, row: Row) -> Row:
    accepted = {State.ACCEPTED: 6, State.PARTIAL: 3}.get(State(row["state"]), 0)
    return {
        "kurum_id": kurum, "sorgu_no": row["number"], "kayit_no": f"DESK-{row['number']}", "part": 1,
        "veri_seti": row["veri_seti"], "version": row["version"], "metot": "soap-g2", "state": row["state"],
        "due_at": row["at"], "fence": 1, "attempt": 1, "asks": 0, "deneme_no": 0, "reason": row["reason"],
        "last_code": row["code"], "parts_total": 6, "parts_accepted": accepted, "created_at": row["at"],
        "changed_at": row["at"] + timedelta(minutes=5), "isyeri_index": row["isyeri_index"],
        "profesyonel_index": row["profesyonel_index"],
    }  # fmt: skip


def _followed(kurum: KurumNo, row: Row) -> Row:
    same = ("veri_seti", "state", "isyeri_index", "profesyonel_index")
    return {
        "kurum_id": kurum,
        "sorgu_no": row["number"],
        "event_date": row["day"],
        **{name: row[name] for name in same},
    }


def main() -> None:
    """Fill a home that is there."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk_fill", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--records", type=int, default=200_000)
    options = parser.parse_args()
    settings = read_settings(options.home)
    gateway = open_gateway(settings)
    fill(gateway, KurumNo(settings.gateway.kurum), options.records)
    gateway.database.dispose()


if __name__ == "__main__":
    main()
