"""The integrator's own registers: forms, agreement, certificates, tests, KEP, findings, changes, state of the firm.

What each keeps stands in ``books.py``; an entry is written by ``recording.py`` alone, and every clock that runs is read
by ``deadlines.py``. What binds the sending of messages is looked up in ``queue/standing.py`` (docs/decisions/0040).
"""
