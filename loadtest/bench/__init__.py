"""Rates of this machine: the node beside bare references, in one run, answers verified.

Parts in reading order: ``__main__`` (what is measured, in which order, the JSON document),
``references`` (the bare servers), ``wire`` (questions and what a right answer looks like),
``datagrams`` and ``streams`` (the drivers), ``signed`` (certified answers), ``freshness`` (how
soon a write is told by every worker), ``nodes`` (real nodes for the run).
"""
