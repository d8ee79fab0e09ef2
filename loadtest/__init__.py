"""What puts load on a node, and the sample data it does so with. Never imports the server.

``corpus`` makes deterministic sample data of any size; ``bench`` measures the rates of a machine.
"""
