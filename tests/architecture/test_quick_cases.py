"""Of many like cases the first ones run always."""

import pytest
from quick_cases import first_quick


@pytest.mark.parametrize("count", [1, 2])
def test_the_first_cases_are_quick_and_the_others_slow(count):
    cases = first_quick([("a", 1), ("b", 2), ("c", 3)], count)
    assert cases[:count] == [("a", 1), ("b", 2)][:count]
    assert [case.values for case in cases[count:]] == [("b", 2), ("c", 3)][count - 1 :]
    assert all([mark.name for mark in case.marks] == ["slow"] for case in cases[count:])


def test_a_text_is_one_case():
    assert first_quick({"text": 1, "more": 2})[1].values == ("more",)
