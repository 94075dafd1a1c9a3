"""The public functions: each opens its inputs, builds a scorer and calls the packages below."""
