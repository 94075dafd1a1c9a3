"""Records of a VCF in, the same records with what variants do to binding and activity out."""
