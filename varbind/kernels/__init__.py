"""The numerical kernels: arrays in, arrays out."""

from varbind.gate import forget_unusable_threads

# Before any module of this package imports numba.
forget_unusable_threads()
