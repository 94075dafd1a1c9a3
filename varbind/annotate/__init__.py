"""Annotation of the records of a VCF with predicted changes of protein binding and promoter activity."""
