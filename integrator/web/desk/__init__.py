"""The compliance desk: pages made here, one router each, over what `integrator.desk` and the rooms read.

`pages` renders, `words` speaks, `forms` reads what a form sent, `failures` tells what went wrong. A page works without
script; htmx only saves a reload. Nothing is loaded from elsewhere and nothing in a page is script (circular 7d).
"""
