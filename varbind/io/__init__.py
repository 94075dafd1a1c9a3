"""Files: variants, references, genes, tracks and banks, in and out. Nothing here scores."""
