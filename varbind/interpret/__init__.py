"""Interpretation of networks: the bases on which a score depends."""
