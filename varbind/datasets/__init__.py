"""What networks are trained and judged on: peaks, sequences, tables, matrices and their negatives."""
