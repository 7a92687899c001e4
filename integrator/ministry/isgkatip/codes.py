"""The words and numbers of İSG-KATİP: what a contract and its two approvals can be, and the kinds of contract.

5000, 5001, 5002, 5003, 5004 and 5006 are seen; 5005 and every kind without a number are assumed (docs/divergences.md).
"""

from datetime import timedelta, timezone

TURKEY = timezone(timedelta(hours=3))  # all year round since 2016
ONAY_BEKLIYOR, ONAYLANDI, SONA_ERDI, TAMAMLANMADI = "Onay Bekliyor", "Onaylandı", "Sona Erdi", "Tamamlanmadı"
REDDEDILDI = "Reddedildi"
DURUM = {5000: ONAY_BEKLIYOR, 5001: ONAYLANDI, 5002: SONA_ERDI, 5006: TAMAMLANMADI}
"""Of a contract."""
ONAY = {5003: ONAY_BEKLIYOR, 5004: ONAYLANDI, 5005: REDDEDILDI}
"""Of one approval: the workplace's, or the professional's."""
DURUM_KODU = {text: code for code, text in DURUM.items()}

TURLER = {
    "103": "İş Güvenliği Uzmanı Sözleşmesi",
    "140": "İşyeri Hekimi Sözleşmesi",
    "dsp": "Diğer Sağlık Personeli Sözleşmesi",
    "yardimci": "Yardımcı Personel Sözleşmesi",
    "stajyer": "Stajyer Kaydı",
    "sorumlu_mudur": "Sorumlu Müdür Sözleşmesi",
    "ozel_statu": "Kurum Özel Statü Sözleşmesi",
    "taseron": "Taşeron Sözleşmesi",
    "gezici_arac": "Gezici İSG Aracı Sözleşmesi",
}
"""Kinds of contract: the two whose number is public, then the other lines of the menu."""
TUR_OF_BELGE_TIPI = {1: "140", 2: "103", 3: "dsp"}
BELGE_TIPI_OF_TUR = {tur: belge_tipi for belge_tipi, tur in TUR_OF_BELGE_TIPI.items()}
