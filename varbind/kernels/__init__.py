"""Numerical kernels, which take and return plain arrays."""

from varbind.gate import forget_unusable_threads

# This has to happen before any module of this package imports numba.
forget_unusable_threads()
