"""The ids of two networks of a protein: the seed of the first does not depend on whether there is a second."""

import pytest

pytest.importorskip("sklearn", reason="needs the extra `train`")
from sets import final_ids


def test_the_second_network_goes_by_the_name_of_the_protein():
    found = final_ids(["TEAD4", "TEAD4.second", "CTCF", "HNF1A.matrix"])
    assert found == {
        "TEAD4": "TEAD4.regions",
        "TEAD4.second": "TEAD4",
        "CTCF": "CTCF",
        "HNF1A.matrix": "HNF1A.matrix",
    }
