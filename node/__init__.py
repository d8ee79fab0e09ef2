"""Configuration, wiring, life cycle and command line: the only room that knows all the others.

In reading order: ``config`` (the settings), ``workers`` (the supervisor: sockets and children),
``child``, ``wiring`` and ``registrar`` (what one process is made of), ``ops`` (probes and metrics),
``cli``. It holds no logic of the service.
"""
