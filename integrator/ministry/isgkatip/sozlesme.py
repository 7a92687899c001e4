"""A contract of a professional at a workplace: what it is, how it moves, and the collection of all of them.

    5000 waiting --both approvals--> 5001 active --ended--> 5002
    5000 waiting --one refusal-----> 5006 not completed
    any of them  --deleted--------> the same, and marked; it gives no right any more

These are the facts behind 213: nothing else knows who may act where.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from integrator.ministry.isgkatip.codes import BELGE_TIPI_OF_TUR

ISYERI, KISI = "isyeri", "kisi"
"""The two sides that approve."""
Key = tuple[int, str]
"""Professional and workplace."""


class IllegalMove(Exception):
    """This contract cannot take this step from where it stands; the text says where that is."""


@dataclass(frozen=True, slots=True)
class Sozlesme:
    """One professional's contract at one workplace; open-ended when `bitis` is None.

    `isyeri_onay` and `kisi_onay` are separate (codes.ONAY). `osgb` is the yetki belge no of who entered it, "" when
    unknown. `sure_dk` is minutes a month, `fazla_mesai_dk` those beyond working hours, None when unknown;
    `bekleyen_sure_dk` is what a changed number of workers asks for and nobody has approved yet.
    """

    sozlesme_id: int
    tur: str
    profesyonel: int
    sgk_tescil_no: str
    baslangic: date
    bitis: date | None = None
    durum: int = 5000
    isyeri_onay: int = 5003
    kisi_onay: int = 5003
    osgb: str = ""
    sure_dk: int | None = None
    fazla_mesai_dk: int | None = None
    bekleyen_sure_dk: int | None = None
    onay_tarihi: date | None = None
    bitis_nedeni: str = ""
    silinme_tarihi: date | None = None

    @property
    def is_waiting(self) -> bool:
        """Does somebody still have to approve it?"""
        return self.durum == 5000 and self.silinme_tarihi is None

    @property
    def is_open(self) -> bool:
        """Waiting or active, and not deleted."""
        return self.durum in (5000, 5001) and self.silinme_tarihi is None

    def covers(self, gun: date) -> bool:
        """Does it give its professional the right to act on `gun`? The service counts from the approval on."""
        if (
            self.durum not in (5001, 5002)
            or self.silinme_tarihi is not None
            or self.tur not in ("", *BELGE_TIPI_OF_TUR)
        ):
            return False
        first = max(self.baslangic, self.onay_tarihi or self.baslangic)
        return self.is_approved and first <= gun and (self.bitis is None or gun <= self.bitis)

    @property
    def is_approved(self) -> bool:
        """Have both sides approved? A contract that ended before gives no right."""
        return self.isyeri_onay == 5004 and self.kisi_onay == 5004

    def approved_by(self, side: str, gun: date) -> "Sozlesme":
        """One side (ISYERI or KISI) approves; the second of them makes it active from `gun`."""
        approved = self._answered(side, 5004)
        return replace(approved, durum=5001, onay_tarihi=gun) if approved.is_approved else approved

    def refused_by(self, side: str, neden: str) -> "Sozlesme":
        """One side says no: not completed."""
        return replace(self._answered(side, 5005), durum=5006, bitis_nedeni=neden)

    def _answered(self, side: str, onay: int) -> "Sozlesme":
        so_far = self.isyeri_onay if side == ISYERI else self.kisi_onay
        if not self.is_waiting or so_far != 5003:
            raise IllegalMove("Bu sözleşme bu onayı beklemiyor")
        return replace(self, isyeri_onay=onay) if side == ISYERI else replace(self, kisi_onay=onay)

    def ended(self, gun: date, neden: str) -> "Sozlesme":
        """Its last day is `gun`."""
        if self.durum != 5001 or self.silinme_tarihi is not None:
            raise IllegalMove("Yalnızca onaylanmış bir sözleşme sona erdirilebilir")
        return replace(self, durum=5002, bitis=gun, bitis_nedeni=neden, bekleyen_sure_dk=None)

    def deleted(self, gun: date) -> "Sozlesme":
        """Kept, and shown among the deleted ones; what was stored under it stays stored."""
        if self.silinme_tarihi is not None:
            raise IllegalMove("Bu sözleşme zaten silinmiş")
        return replace(self, silinme_tarihi=gun)


class Sozlesmeler:
    """Every contract there ever was, by its id; found fast by professional and workplace."""

    def __init__(self) -> None:
        self._by_id: dict[int, Sozlesme] = {}
        self._ids: dict[Key, list[int]] = {}
        self._of_person: dict[int, set[int]] = {}
        self._next_id = 7_000_001

    def __iter__(self) -> Iterator[Sozlesme]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, sozlesme_id: int) -> Sozlesme | None:
        """The contract with this id."""
        return self._by_id.get(sozlesme_id)

    def of(self, profesyonel: int, sgk_tescil_no: str) -> list[Sozlesme]:
        """All of one professional's at one workplace."""
        return [self._by_id[one] for one in self._ids.get((profesyonel, sgk_tescil_no), ())]

    def of_person(self, profesyonel: int) -> list[Sozlesme]:
        """All of one professional's, everywhere."""
        return [self._by_id[one] for one in sorted(self._of_person.get(profesyonel, ()))]

    def at(self, sgk_tescil_no: str) -> list[Sozlesme]:
        """All at one workplace, those that wait for an approval first, then the newest."""
        found = [one for one in self if one.sgk_tescil_no == sgk_tescil_no]
        return sorted(found, key=lambda one: (not one.is_waiting, -one.sozlesme_id))

    def cover(self, profesyonel: int, sgk_tescil_no: str, gun: date) -> bool:
        """Has the professional an approved contract there on `gun`?"""
        ids = self._ids.get((profesyonel, sgk_tescil_no), ())
        return any(self._by_id[one].covers(gun) for one in ids)

    def merge(self, sozlesme: Sozlesme) -> Sozlesme:
        """Store one that was told from outside; without an id it replaces that of the same people and first day."""
        same = [one.sozlesme_id for one in self.of(*key(sozlesme)) if one.baslangic == sozlesme.baslangic]
        return self.put(replace(sozlesme, sozlesme_id=sozlesme.sozlesme_id or (same[-1] if same else self._next_id)))

    def add(self, sozlesme: Sozlesme) -> Sozlesme:
        """Store a new one under the next free id."""
        return self.put(replace(sozlesme, sozlesme_id=self._next_id))

    def put(self, sozlesme: Sozlesme) -> Sozlesme:
        """Store one under its id, whatever was there."""
        self._forget(sozlesme.sozlesme_id)
        self._by_id[sozlesme.sozlesme_id] = sozlesme
        self._ids.setdefault(key(sozlesme), []).append(sozlesme.sozlesme_id)
        self._of_person.setdefault(sozlesme.profesyonel, set()).add(sozlesme.sozlesme_id)
        self._next_id = max(self._next_id, sozlesme.sozlesme_id + 1)
        return sozlesme

    def _forget(self, sozlesme_id: int) -> None:
        old = self._by_id.get(sozlesme_id)
        if old is not None:
            self._ids[key(old)].remove(sozlesme_id)
            self._of_person[old.profesyonel].remove(sozlesme_id)


def key(sozlesme: Sozlesme) -> Key:
    """Who and where."""
    return sozlesme.profesyonel, sozlesme.sgk_tescil_no
