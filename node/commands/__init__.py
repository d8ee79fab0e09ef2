"""What the commands of ``idnode`` do. Each module is imported when its command is run.

``run`` (demo, serve, single roles), ``settings`` (check-config, migrate), ``administer``
(enterprises, prefixes, keys), ``ask`` (resolve), ``transfer`` (import, export).
"""
