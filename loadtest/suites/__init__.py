"""Load that proves behaviour, mixes and knees: Locust suites with every answer verified.

Rates of record come from ``bench``; this tells what a mix of users sees, and up to which load. A
run that says more of the driver than of the server is INVALID. Locust replaces parts of the
standard library (gevent) in the process that imports it, so only what Locust itself loads does. In
reading order:

* ``profiles``    the suites: who asks how much, in which steps, and what must hold
* ``questions``   which names are asked for: popular, scanned, unknown
* ``truth``       what makes an answer right, held against the corpus
* ``framing``     where answers end in a stream
* ``payloads``    questions as octets, verified before the run
* ``arrivals``    when a question is due: open and closed load
* ``window``      a window of datagrams in flight; ``fleet``: connections with requests under way
* ``histogram``   times, and ``tally``: what users saw
* ``readings``    what a node says of itself; ``probes`` take them
* ``measured``    one step; ``verdict``: PASS, FAIL or INVALID, by pure rules
* ``users``       loaded by Locust, as are ``equipment`` (what the users ask), ``conductor`` (leads
  through the steps), ``publishing`` (shows Locust what was seen) and ``locustfile``
* ``options``     what one run of Locust is told; ``furnishing``: a node with the corpus
* ``report``      the documents of a run
* ``__main__``    ``make loadtest``: a node, every suite of a profile, one verdict
"""
