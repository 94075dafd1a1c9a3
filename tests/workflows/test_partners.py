"""Negatives with the same sites of partners: what tells the classes apart is balanced, the own site is not touched."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra `train`")
from partners import best_sites, match_partners
from site_kinds import SITE_KINDS, foreign_kinds, kinds_bound_by

from varbind.core.sequence import encode

KINDS = list(SITE_KINDS)


def test_sites_of_partners_are_balanced():
    rng = np.random.default_rng(0)
    sites = rng.uniform(0.2, 0.7, (12_000, len(KINDS))).astype(np.float16)
    codes = rng.integers(0, 4, (12_000, 200)).astype(np.uint8)
    bound, unbound = np.arange(1_000), np.arange(1_000, 12_000)
    # Half of the regions that TEAD4 binds have a site of GATA, and of the others one in ten has.
    has = rng.random(12_000) < np.where(np.arange(12_000) < 1_000, 0.5, 0.1)
    gata, tead = KINDS.index("GATA"), KINDS.index("TEAD")
    sites[has, gata] = 0.9
    sites[bound, tead] = 0.9
    found = match_partners("TEAD4", sites, codes, bound, unbound, rng)
    assert len(found) == len(bound)
    assert set(found.tolist()) <= set(unbound.tolist())
    assert abs(has[found].mean() - has[bound].mean()) < 0.05
    assert sites[found, tead].max() < 0.75


def test_own_kinds_are_not_foreign():
    assert kinds_bound_by("TEAD4") == {"TEAD"}
    assert "TEAD" not in foreign_kinds("TEAD4")
    assert "GATA" in foreign_kinds("TEAD4")
    assert "EGR" not in foreign_kinds("SP1")
    assert foreign_kinds("unknown") == KINDS


def test_the_best_site_of_either_strand():
    shares = {name: np.full((8, 4), 0.01) for name in ("GATA1.x", "other")}
    for place, base in enumerate(encode("AGATAAGC")):
        shares["GATA1.x"][place, base] = 0.97
    collection = {"GATA1.x": (shares["GATA1.x"], "GATA1"), "other": (shares["other"] * 25, "OTHER")}
    texts = ["CCCCCCAGATAAGCCCCCCC", "GGGGGGGCTTATCTGGGGGG", "CCCCCCCCCCCCCCCCCCCC"]
    found = best_sites(np.stack([encode(text) for text in texts]), collection)
    gata = KINDS.index("GATA")
    assert found[0, gata] == pytest.approx(1, abs=2e-3)
    assert found[1, gata] == pytest.approx(1, abs=2e-3)
    assert found[2, gata] == 0
    assert (found[:, KINDS.index("TEAD")] == 0).all()
