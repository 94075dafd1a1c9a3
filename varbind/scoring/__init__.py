"""Scores of sequences and of variants by all models of a bank."""
