"""Networks in torch, with one module per paper."""
