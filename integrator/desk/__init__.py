"""What the compliance desk tells, as plain values: deadlines, what is missing, who carries how much.

No pages here: a page, the API and the command line tell the same. Nothing in it names a worker.
"""
