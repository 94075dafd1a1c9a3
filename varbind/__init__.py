"""varbind: which promoter variant breaks or makes the binding of which protein."""

from varbind._version import __version__

__all__ = ["__version__"]
