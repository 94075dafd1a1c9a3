"""The field's own types and arithmetic, on numpy alone: no files, no networks."""
