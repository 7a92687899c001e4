"""Paper: what people print, file and hand on: lists as workbooks, months as reports, the usage certificate (6a).

Nothing here decides or changes anything about a message; the certificate alone has rows of its own. No pages: the
command line, the API and a page give out the same bytes.
"""
