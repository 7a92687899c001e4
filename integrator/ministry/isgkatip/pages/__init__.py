"""İSG-KATİP as web pages that follow the paths of the guides; server-rendered, without scripts. Not the ministry.

`site.py` finds the page and guards it, `visit.py` is one visitor's request, the others are screens: `entrance.py`,
`contract_screens.py`, `workplace_screens.py`, `osgb_screens.py`.
"""
