"""A record from its first fault to its receipt: python submit.py ADDRESS TOKEN RECORD.json RECEIPT.json

Needs nothing but Python and the folder integrator/client; retries, deadlines and repeats are its business.
"""

import json
import sys
import uuid
from pathlib import Path

from integrator.client import Faulty, Gateway

address, token, record_file, receipt_file = sys.argv[1:]
gateway = Gateway(address, token)
record = {**json.loads(Path(record_file).read_text()), "id": f"EX-PY-{uuid.uuid4().hex[:8]}", "egitimYer": 7}
start = gateway.feed_end()

# 1. Hand over a record.
try:
    answer = gateway.submit(record)
except Faulty as faulty:
    # 2. The findings say where, what was seen, what is wanted. Mend, send again.
    for finding in faulty.findings:
        print("finding:", finding.en)
    answer = gateway.submit({**record, "egitimYer": 1})

# 3. Follow it by the feed. A program that runs for ever keeps the cursor: changes(after, save=...).
for change in gateway.changes(start):
    if change.kayit_no == answer.kayit_no:
        print(f"{change.kayit_no}: {change.state}")
        if change.state == "accepted":
            break

# 4. The receipt.
Path(receipt_file).write_bytes(gateway.receipt(answer.sorgu_no[0]))
print("receipt:", receipt_file)
