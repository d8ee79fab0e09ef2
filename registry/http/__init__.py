"""The registry's HTTP API, version 1: requests in, commands to `registry.service`, answers out."""
