"""Rates of this machine: the node beside bare references, in one run, answers compared.

Parts in reading order:

* ``__main__``    what is wanted, the JSON document
* ``parts``       what is measured, in which order, and what the parts share
* ``bars``        what the figures have to reach
* ``population``  the identifiers of a run; ``wire``: how they are asked for
* ``workload``    questions, right answers, the order of asking; ``hot``: those of the hot names
* ``asking``      the drivers: ``datagrams.c`` and ``streams.c``, in Python without a compiler
* ``comparing``   the node and ``references``, the bare servers, in turn
* ``nodes``       real nodes, each on its processor; ``postgres``: what it counts
* ``udp``, ``tcp``, ``http``, ``signed``, ``cold``, ``unknown``, ``beside``, ``importing``,
  ``registering``, ``freshness``, ``restarting``  the paths
* ``profile``     where the worker's time goes; ``sampling/`` is what its workers load for that
* ``growth``      what size costs: a program of its own
* ``reading``     which way of reading datagrams costs what: another one
* ``searching``   what searching costs, and imports for its sake: another one
"""
