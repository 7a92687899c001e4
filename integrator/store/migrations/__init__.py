"""The steps from one schema to the next, run from code by ``integrator/store/schema.py`` (`ibys init`, `ibys migrate`).

To add one:

1. Copy the newest file in ``versions/`` to ``vNNNN_what_it_adds.py``, raise ``revision`` and ``down_revision``; name
   and ``revision`` carry the same four digits. Nothing else lists the steps.
2. Change ``tables.py`` in the same commit. A test compares the two on both engines.
3. Write columns out with plain SQLAlchemy types: a step is history and must not change when ``tables.py`` does.
   ``UtcDateTime`` is BigInteger, ``IsoDate`` is String(10), ``Told(n)`` is String(n), and a text key is ordered by its
   bytes on PostgreSQL (`key` in ``v0002``).
4. SQLite cannot alter a column in place: use ``op.batch_alter_table``. Both engines run all steps in one transaction.

There is no way down: a gateway goes back by restoring the backup that was taken before (docs/operations.md).
"""
