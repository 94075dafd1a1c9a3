"""Kinds of variants, and tables of their changes."""

import numpy as np
import pytest

from varbind.bank.background import BackgroundTable, CodedChanges, VariantKind, kind_of
from varbind.core.variant import Variant


def of_size(ref, alt):
    return Variant("c", 10, "A" * ref, "C" * alt)


@pytest.mark.parametrize(
    ("ref", "alt", "kind"),
    [
        (1, 1, VariantKind.SNV),
        (2, 2, VariantKind.MNV_2_5),
        (5, 5, VariantKind.MNV_2_5),
        (6, 6, VariantKind.MNV_6_50),
        (50, 50, VariantKind.MNV_6_50),
        (51, 51, VariantKind.MNV_6_50),
        (0, 1, VariantKind.INS_1),
        (0, 2, VariantKind.INS_2_5),
        (0, 5, VariantKind.INS_2_5),
        (0, 6, VariantKind.INS_6_15),
        (0, 15, VariantKind.INS_6_15),
        (0, 16, VariantKind.INS_16_50),
        (0, 50, VariantKind.INS_16_50),
        (0, 51, VariantKind.INS_16_50),
        (1, 0, VariantKind.DEL_1),
        (2, 0, VariantKind.DEL_2_5),
        (15, 0, VariantKind.DEL_6_15),
        (16, 0, VariantKind.DEL_16_50),
        (50, 0, VariantKind.DEL_16_50),
        (51, 0, VariantKind.DEL_16_50),
        (1, 2, VariantKind.INS_2_5),
        (4, 7, VariantKind.INS_6_15),
        (2, 1, VariantKind.DEL_2_5),
        (20, 19, VariantKind.DEL_16_50),
        (3, 60, VariantKind.INS_16_50),
    ],
)
def test_kinds(ref, alt, kind):
    assert kind_of(of_size(ref, alt)) is kind


def test_every_size_has_exactly_one_kind():
    for stem in ("mnv", "ins", "del"):
        ranges = sorted(kind.sizes for kind in VariantKind if kind.startswith(stem))
        covered = [size for low, high in ranges for size in range(low, high + 1)]
        assert covered == list(range(2 if stem == "mnv" else 1, 51))
    assert VariantKind.SNV.sizes == (1, 1)


def test_tables_are_cut_and_joined_by_column():
    rng = np.random.default_rng(4)
    one, other = (
        BackgroundTable({kind: CodedChanges.encode(rng.normal(size=(5, 3))) for kind in VariantKind}) for _ in range(2)
    )
    joined = BackgroundTable.concatenate([one, other])
    picked = joined.take([5, 0])
    for kind in VariantKind:
        assert joined.changes[kind].decode().shape == (5, 6)
        np.testing.assert_array_equal(picked.changes[kind].of_model(0), other.changes[kind].of_model(2))
        np.testing.assert_array_equal(picked.changes[kind].of_model(1), one.changes[kind].of_model(0))
