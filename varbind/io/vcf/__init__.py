"""VCF and BCF: lossless reading and writing, BGZF, regions and indexes."""
