"""What puts load on a node, and the sample data it does so with. Never imports the server.

``corpus`` makes deterministic sample data of any size; ``bench`` measures the rates of a machine;
``suites`` puts mixes of users on a node and says what it bears. ``mmsg`` sends and receives many
datagrams at once, ``machine`` tells where figures were taken.
"""
