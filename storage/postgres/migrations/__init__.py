"""``NNNN_pre_<what>.sql`` before, ``NNNN_post_<what>.sql`` after the programs are replaced.

A *pre* migration only adds what the running release does not mind; a *post* migration takes away
what no running release needs any more. A file that was released is never changed: its checksum is
in the database. Each runs in one transaction.
"""
