"""From files to scores and back: batching, scoring, annotation, provenance."""
