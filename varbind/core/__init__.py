"""Basic types and arithmetic, with numpy only: no files and no networks."""
