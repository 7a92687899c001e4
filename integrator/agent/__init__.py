"""The signing agent: runs on a professional's own computer, shows what is to be signed, and signs it there.

It knows no gateway and no database. Frozen bytes come in, through a folder or from the desk's page, and CMS goes out;
the PIN goes to the card and nowhere else (domain.md 4.5).
"""
