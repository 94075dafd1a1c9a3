"""The promise, for whatever hypothesis draws: no input makes the program lose a record, leave a file or raise."""

import pytest
from fuzz import strategies
from fuzz.targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = settings().max_examples
few = settings(max_examples=2 * EXAMPLES)


def hold(world, name, data):
    """The promise of one target."""
    world.clear()
    TARGETS[name].check(world, data)


@settings(max_examples=4 * EXAMPLES)
@given(controls=strategies.CONTROLS, text=strategies.vcf_texts())
def test_a_vcf_comes_through_whole_or_is_refused(shared_world, controls, text):
    hold(shared_world, "vcf", controls + text)


@few
@given(control=st.integers(0, 7), text=strategies.REGIONS)
def test_regions_choose_what_targets_choose(shared_world, control, text):
    hold(shared_world, "regions", bytes([control]) + text)


@few
@given(controls=st.binary(min_size=2, max_size=2), text=strategies.GENES)
def test_genes(shared_world, controls, text):
    hold(shared_world, "genes", controls + text)


@given(text=strategies.MAPS)
def test_a_contig_map(shared_world, text):
    hold(shared_world, "map", text)


@given(control=st.integers(0, 3), text=strategies.REFERENCES)
def test_a_reference_and_its_index(shared_world, control, text):
    hold(shared_world, "fasta", bytes([control]) + text)


@pytest.mark.parametrize("kind", ["bank", "effect"])
@given(data=st.data())
def test_a_card(shared_world, kind, data):
    hold(shared_world, f"{kind}-card", data.draw(strategies.cards(shared_world, kind)))


@pytest.mark.parametrize(("kind", "name"), [("bank", "weights"), ("bank", "background"), ("effect", "weights")])
@given(data=st.data())
def test_arrays(shared_world, kind, name, data):
    file = data.draw(strategies.array_files(shared_world, kind, f"{name}.safetensors"))
    hold(shared_world, f"{kind}-{name}", file)
