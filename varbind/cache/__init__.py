"""Tables of values that were computed in advance for every SNV of the promoters of a genome."""
