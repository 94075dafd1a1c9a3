"""Evaluation of model banks, and of second stages, on measured data, beside other methods and controls."""
