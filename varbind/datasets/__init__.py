"""Data sets for training and evaluation: peaks, sequences, variants, matrices, and their negatives."""
