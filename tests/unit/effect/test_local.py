"""The local head against loops over strands, positions, layers and units; the bytes of a variant in any batch."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from second_stages import random_local

from varbind.core.dense import dense_in_order
from varbind.core.sequence import N_CODE, encode, reverse_complement
from varbind.core.window import Window
from varbind.effect.local import LOCAL_FLANK, LocalHead
from varbind.errors import ResourceError, UsageError
from varbind.kernels.dense import dense

HEAD = random_local(np.random.default_rng(0), outputs=3)
SINGLE = 1e-5
"""Single precision against double: three layers of sums of at most 25 products, each rounded by 6e-8 of activations of
some 100, of which two are subtracted; relative to the largest sum of a unit."""
BASES = st.text("ACGTN", min_size=LOCAL_FLANK, max_size=LOCAL_FLANK)
ALLELES = st.sampled_from([("A", "C"), ("G", "T"), ("", "A"), ("AC", ""), ("ACG", "T"), ("", "ACGTACGT"), ("CA", "GG")])


def window(left, ref, alt, right):
    return Window(encode(left + ref + right), encode(left + alt + right), padded=False)


def random_windows(count, flank=LOCAL_FLANK, seed=1):
    """SNVs, insertions and deletions of different lengths, in turn."""
    rng, found = np.random.default_rng(seed), []
    alleles = [("A", "C"), ("G", "T"), ("", "CA"), ("ACGTA", ""), ("C", "A"), ("", "G"), ("TT", "A")]
    for number in range(count):
        left, right = ("".join("ACGT"[code] for code in rng.integers(0, 4, flank)) for _ in range(2))
        found.append(window(left, *alleles[number % len(alleles)], right))
    return found


WINDOWS = random_windows(150)
ROWS = st.lists(st.integers(0, len(WINDOWS) - 1), min_size=1, max_size=30)


def compiled(inputs, weights):
    """By the kernel of numba."""
    return dense(inputs, weights, compiled=True)


try:
    compiled(np.ones((1, 1), dtype=np.float32), np.ones((1, 1), dtype=np.float32))
    KERNELS = [dense_in_order, compiled]
except UsageError:
    KERNELS = [dense_in_order, pytest.param(compiled, marks=pytest.mark.skip(reason="there is no compiled kernel"))]


def slow_sums(head, codes):
    """The sum of the activations of each unit of the last layer over both strands of a sequence, halved."""
    totals = [0.0] * head.third.shape[2]
    for strand in (codes.tolist(), [3 - code if code < N_CODE else code for code in codes.tolist()[::-1]]):
        layer = [[float(code == base) if code < N_CODE else 0.25 for base in range(4)] for code in strand]
        for name in ("first", "second", "third"):
            weights, biases = (getattr(head, part).tolist() for part in (name, f"{name}_bias"))
            layer = [
                [
                    max(
                        biases[unit]
                        + sum(
                            layer[place + step][below] * weights[step][below][unit]
                            for step in range(5)
                            for below in range(len(layer[0]))
                        ),
                        0.0,
                    )
                    for unit in range(len(biases))
                ]
                for place in range(len(layer) - 4)
            ]
        for unit in range(len(totals)):
            totals[unit] += sum(one[unit] for one in layer) / 2
    return totals


def slow_changes(head, one):
    """The outputs for one window, and their tolerance."""
    ref, alt = (slow_sums(head, codes) for codes in (one.ref, one.alt))
    outputs = head.output.tolist()
    found = [
        sum((a - r) * outputs[unit][place] for unit, (r, a) in enumerate(zip(ref, alt, strict=True)))
        for place in range(head.outputs)
    ]
    return found, SINGLE * max(*ref, *alt)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("seed", range(2))
def test_outputs_are_those_of_the_loops(seed, kernel):
    head = random_local(np.random.default_rng(seed + 10), units=(4, 2, 3))
    windows = random_windows(14, seed=seed)
    found = head.changes(windows, dense=kernel)
    assert found.shape == (14, 2)
    assert found.dtype == np.float64
    for row, one in enumerate(windows):
        slow, tolerance = slow_changes(head, one)
        assert found[row] == pytest.approx(slow, abs=tolerance)
    # They are changes of a size that the tolerance could not hide.
    assert np.abs(found).mean() > 100 * tolerance


@given(BASES, ALLELES, BASES)
def test_any_bases_and_alleles_have_the_outputs_of_the_loops(left, alleles, right):
    one = window(left, *alleles, right)
    slow, tolerance = slow_changes(HEAD, one)
    assert HEAD.changes([one])[0] == pytest.approx(slow, abs=tolerance)


@pytest.mark.parametrize("kernel", KERNELS)
@given(rows=ROWS)
def test_a_variant_has_the_same_bytes_alone_and_in_any_batch_and_order(kernel, rows):
    whole = HEAD.changes([WINDOWS[row] for row in rows], dense=kernel)
    for place, row in enumerate(rows):
        assert whole[place].tobytes() == HEAD.changes([WINDOWS[row]]).tobytes()
    backwards = HEAD.changes([WINDOWS[row] for row in rows[::-1]], dense=kernel)
    assert whole[::-1].tobytes() == backwards.tobytes()


@pytest.mark.parametrize("kernel", KERNELS)
def test_many_variants_at_once_have_the_same_bytes(kernel):
    """More than are computed together, and of many units, whose sums numpy and numba take in blocks."""
    head = random_local(np.random.default_rng(3), units=(48, 48, 48), outputs=32)
    whole = head.changes(WINDOWS, dense=kernel)
    expected = np.concatenate([head.changes([one]) for one in WINDOWS])
    assert whole.tobytes() == expected.tobytes()


@given(BASES, st.text("ACGTN", max_size=6), BASES)
def test_equal_alleles_change_exactly_nothing(left, allele, right):
    assert not HEAD.changes([window(left, allele, allele, right), WINDOWS[0]])[0].any()


@given(ROWS)
def test_swapped_alleles_change_the_sign_and_nothing_else(rows):
    windows = [WINDOWS[row] for row in rows]
    turned = [Window(one.alt, one.ref, one.padded) for one in windows]
    np.testing.assert_array_equal(HEAD.changes(turned), -HEAD.changes(windows))


@given(BASES, ALLELES, BASES)
def test_both_strands_have_the_same_outputs(left, alleles, right):
    one = window(left, *alleles, right)
    other = Window(reverse_complement(one.ref), reverse_complement(one.alt), one.padded)
    _, tolerance = slow_changes(HEAD, one)
    assert HEAD.changes([other])[0] == pytest.approx(HEAD.changes([one])[0], abs=tolerance)


def test_an_unknown_base_is_a_quarter_of_each():
    """Exactly so in a network without negative weights of its layers, because no unit is rectified."""
    layers = [name for layer in ("first", "second", "third") for name in (layer, f"{layer}_bias")]
    linear = replace(HEAD, **{name: np.abs(getattr(HEAD, name)) for name in layers})
    left, right = "ACGTTGCAAGTC", "TTGACCATGGCA"
    unknown = linear.changes([window(left, "A", "N", right)])[0]
    known = linear.changes([window(left, "A", base, right) for base in "ACGT"])
    _, tolerance = slow_changes(linear, window(left, "A", "C", right))
    assert unknown == pytest.approx(known.mean(axis=0), abs=tolerance)
    assert np.ptp(known, axis=0).min() > 50 * tolerance


@given(st.integers(0, 20), st.integers(0, 1000))
def test_windows_of_larger_flanks_give_the_same_bytes(more, seed):
    wide = random_windows(7, LOCAL_FLANK + more, seed)
    narrow = [one.inner(more) for one in wide]
    assert HEAD.changes(wide, LOCAL_FLANK + more).tobytes() == HEAD.changes(narrow).tobytes()


def test_every_base_within_reach_and_none_beyond_matters():
    """12 bases on each side change what one allele adds to the other; one further away does not."""
    wide = window("ACGTTGCAAGTCA", "A", "C", "GTTGACCATGGCA")
    own = HEAD.changes([wide], LOCAL_FLANK + 1)
    for place in range(len(wide.ref)):
        if place == LOCAL_FLANK + 1:
            continue
        ref, alt = wide.ref.copy(), wide.alt.copy()
        ref[place] = alt[place] = (ref[place] + 1) % 4
        other = HEAD.changes([Window(ref, alt, padded=False)], LOCAL_FLANK + 1)
        assert (other == own).all() == (place in {0, len(wide.ref) - 1})


def test_nothing_in_nothing_out():
    assert HEAD.changes([]).shape == (0, 3)


def test_it_reads_the_bases_around_a_variant_and_no_model():
    assert (HEAD.needs.flank, HEAD.needs.models, HEAD.needs.heads) == (12, None, ())
    assert (HEAD.outputs, LocalHead.keys) == (3, ())


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": HEAD.first[1:]},
        {"first": HEAD.first[:, 1:]},
        {"first": HEAD.first[:, :, 1:]},
        {"first_bias": HEAD.first_bias[1:]},
        {"first_bias": HEAD.first_bias[:, None]},
        {"second": HEAD.second[:, 1:]},
        {"second": HEAD.second[0]},
        {"third_bias": HEAD.third_bias[1:]},
    ],
)
def test_layers_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ResourceError, match="the local head has a layer of weights"):
        replace(HEAD, **wrong)


@pytest.mark.parametrize("wrong", [HEAD.output[1:], HEAD.output[:, :0], HEAD.output[:, 0]])
def test_outputs_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ResourceError, match=r"the local head has outputs .* of 5 units"):
        replace(HEAD, output=wrong)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["first", "second_bias", "third", "output"])
def test_a_weight_that_is_no_number_is_refused(name, value):
    array = getattr(HEAD, name).copy()
    array[..., -1] = value
    with pytest.raises(ResourceError, match="a weight of the local head is not a finite number"):
        replace(HEAD, **{name: array})
