"""A small ministry to test against: honest by default, hostile on purpose, reproducible, gone at exit.

It is a second, independent reading of the ministry's contract and shares no code with the gateway: whoever
imports from `integrator.*` here other than `integrator.ministry.*` makes the gateway its own judge. Its
goals, limits and the order of its checks are in the README beside this file. It is not the ministry.
"""
