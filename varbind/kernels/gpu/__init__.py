"""Kernels for CUDA devices: Triton, or eager torch."""
