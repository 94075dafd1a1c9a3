"""All targets, by name."""

from fuzz import resource_targets, variant_targets
from fuzz.target import TARGETS

__all__ = ["TARGETS", "resource_targets", "variant_targets"]
