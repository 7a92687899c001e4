"""Evidence is the same on both engines."""

from integrator import acts, pipeline
from integrator.audit.checkpoint import require_log_key
from integrator.evidence.fsck import fsck
from integrator.evidence.handing import FolderHolder, hand_out
from integrator.evidence.pack import Wish, make_pack
from integrator.evidence.receipt import make_receipt
from integrator.evidence.verifier import NO, Judge, read_pack
from integrator.noticing import notice
from tests.factories import KURUM, record


def test_fsck_pack_receipt_and_handing_work_alike(home, gateway, ministry, clock, tmp_path):
    ministry.faults.append("lost_reply")
    [answer] = home.accept(record())
    pipeline.dispatch(gateway)
    clock.advance(hours=1)
    pipeline.inquire(gateway)
    require_log_key(gateway.database, gateway.checkpoint_key)
    seen = {"settings": {"log.level": "1"}}
    noticed = [notice(gateway.database, gateway.trail, "a", seen, now=clock.now()) for _ in range(2)]
    made = make_pack(gateway, KURUM, Wish(answer.sorgu_no, {"chosen": "sorgu_no"}))
    verdicts = Judge(read_pack(made.content), [], []).judge()
    acts.checkpoint(gateway)
    [handed] = hand_out(gateway, [FolderHolder(tmp_path, gateway.checkpoint_key)])

    assert [len(each) for each in noticed] == [1, 0]
    assert [each for each in verdicts if each["verdict"] == NO] == []
    assert make_receipt(gateway, KURUM, answer.sorgu_no[0])["state"] == "accepted"
    assert (handed.failures, handed.size > 0) == (0, True)
    assert fsck(gateway).broken is None
