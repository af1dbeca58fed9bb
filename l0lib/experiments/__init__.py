"""Experiments and records: the paper's published values and the claims ledger that stands ours beside them.

Importing this package imports neither torch nor Matplotlib.
"""
