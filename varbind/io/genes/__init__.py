"""Gene tables: GTF, GFF3, BED and genePred."""
