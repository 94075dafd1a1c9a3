"""Networks: base codes in, binding scores out. Nothing here reads a file."""
