"""The integrator's own registers: one row for each entry, whatever register it stands in (registry/books.py).

No entry is ever taken out. `facts` are what that register keeps, as JSON of texts; `salt` goes into the mark by which
the log speaks of the row, so that the log alone tells nothing of it.
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, String, Table, Text

from integrator.store.tables import IsoDate, UtcDateTime, _key, metadata

registry_entry = Table(
    "registry_entry",
    metadata,
    Column("register", _key(24), primary_key=True),
    Column("entry_no", _key(64), primary_key=True),  # of a hizmet_alim_formu: the customer
    Column("state", String(16), nullable=False),
    Column("facts", Text, nullable=False),
    Column("due_on", IsoDate),  # the last day of its clock; None while none runs
    Column("salt", LargeBinary, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("reason", String(500), nullable=False),
)
