"""Networks: base codes in, binding scores out. Nothing here reads a file."""

from varbind.gate import forget_unusable_threads

# Before any module of this package imports numba.
forget_unusable_threads()
