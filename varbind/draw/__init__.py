"""Pictures of sequence models as SVG: sequence logos and mutation maps."""
