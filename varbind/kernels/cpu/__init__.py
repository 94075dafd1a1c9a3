"""Kernels for the CPU: tables that numba or numpy look up, and training."""
