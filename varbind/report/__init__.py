"""Reports: an annotated file as one page that a browser shows without a network."""
