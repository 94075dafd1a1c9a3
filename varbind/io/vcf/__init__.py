"""VCF and BCF: text that is spliced and never printed again, BGZF, regions."""
