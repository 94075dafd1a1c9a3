"""Training of networks on sequences, and of second stages on measured variants."""
