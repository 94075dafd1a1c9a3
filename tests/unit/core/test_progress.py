"""One callback serves every long work."""

from varbind.core.progress import bind_stage, estimated_total


def test_a_stage_is_bound():
    calls = []
    progress = bind_stage(lambda *call: calls.append(call), "loci")
    progress(1, 3)
    progress(2, None, "another stage")
    assert calls == [(1, 3, "loci"), (2, None, "loci")]
    assert bind_stage(None, "loci") is None


def test_the_total_follows_from_the_share():
    assert estimated_total(50, 0.25) == 200
    assert estimated_total(33, 1.0) == 33
    assert estimated_total(0, 0.0) is estimated_total(5, None) is None
