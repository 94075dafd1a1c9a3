"""Readable networks, one file a paper."""
