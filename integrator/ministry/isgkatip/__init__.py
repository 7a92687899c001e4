"""İSG-KATİP in miniature: contracts and their approvals, the 4A list, what a workplace allows. Not the ministry.

`sozlesme.py` and `isyeri.py` are the facts (the register holds them), `contracts.py` and `workplaces.py` who may change
them and when, `services.py` what a served workplace decides; `control.py` speaks JSON, `pages/` HTML. Labels: README.
"""
