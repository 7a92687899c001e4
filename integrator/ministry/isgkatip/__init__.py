"""İSG-KATİP in miniature: contracts and their approvals, the 4A list, what a workplace allows. Not the ministry.

`sozlesme.py` and `isyeri.py` are the facts (the register holds them), `acts.py` is who may change them and when;
`control.py` speaks JSON, `pages/` HTML. Facts and labels: README.
"""
