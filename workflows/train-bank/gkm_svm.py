"""Gapped k-mer support vector machines: the scores of a machine from its support vectors, and the training of one.

The kernel is that of LS-GKM (Lee 2016) with estimated l-mer frequencies (Ghandi et al. 2014): the frequencies of l-mers
that follow from those of their gapped k-mers are what remains of the counted ones after a filter that keeps, in the
Fourier space of words, the terms of at most k positions. The filter is cut where it first is not positive, and the
product of two filtered counts is limited to pairs of l-mers with at most d mismatches.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np
from sklearn.svm import SVC

from varbind.core.sequence import Codes, reverse_complement
from varbind.kernels.cpu.numba_cache import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GkmSvm:
    """A support vector machine.

    Args:
        codes: base codes of the support vectors, (N, length).
        weights: signed weights of the support vectors, alpha times label, (N,).
        rho: what is subtracted from the sum.
        word: length of the l-mers.
        letters: the number of positions of a gapped k-mer.
        mismatches: the largest number of mismatches between two l-mers that are compared.
    """

    def __init__(
        self, codes: Codes, weights: NDArray[np.float64], rho: float, *, word: int, letters: int, mismatches: int
    ) -> None:
        self._word, self._rho = word, rho
        self._by_mismatches = mismatch_weights(word, letters, mismatches)
        counts = np.zeros(4**word)
        share = weights / self._norms(codes)
        for strand in (codes, reverse_complement(codes)):
            words = _words(strand, word)
            np.add.at(counts, words, np.broadcast_to(share[:, None], words.shape))
        self._weights = _filtered(counts, self._by_mismatches, word)

    def scores(self, codes: Codes) -> NDArray[np.float64]:
        """The scores of sequences, (N,), of base codes (N, length) without N."""
        sums: NDArray[np.float64] = self._weights[_words(codes, self._word)].sum(axis=1)
        return sums / self._norms(codes) - self._rho

    def _norms(self, codes: Codes) -> NDArray[np.float64]:
        """The length of each sequence in the space of the kernel, (N,)."""
        squares = np.zeros(len(codes))
        windows = np.lib.stride_tricks.sliding_window_view(codes, self._word, axis=1)
        others = np.concatenate(
            [windows, np.lib.stride_tricks.sliding_window_view(reverse_complement(codes), self._word, axis=1)], axis=1
        )
        for place in range(windows.shape[1]):
            distances = (windows[:, place, None] != others).sum(axis=2)
            squares += self._by_mismatches[distances].sum(axis=1)
        return np.sqrt(squares)


def train_gkm_svm(
    codes: Codes,
    bound: NDArray[np.bool_],
    *,
    word: int = 10,
    letters: int = 6,
    mismatches: int = 3,
    cost: float = 1.0,
) -> GkmSvm:
    """Train a machine; the sizes of words and the cost of errors are the defaults of gkmSVM (Ghandi et al. 2014).

    Args:
        codes: base codes of N sequences without N, (N, length).
        bound: which of them are bound, bool (N,); both classes must be present.
        word: length of the l-mers.
        letters: the number of positions of a gapped k-mer.
        mismatches: the largest number of mismatches between two l-mers that are compared.
        cost: the parameter C of the machine.
    """
    sizes = {"word": word, "letters": letters, "mismatches": mismatches}
    machine = SVC(kernel="precomputed", C=cost).fit(gkm_kernel(codes, **sizes), bound)
    support = machine.support_
    return GkmSvm(codes[support], machine.dual_coef_[0], -float(machine.intercept_[0]), **sizes)


def gkm_kernel(codes: Codes, *, word: int, letters: int, mismatches: int) -> NDArray[np.float64]:
    """The kernel between all sequences: cosines of their filtered counts of l-mers, (N, N).

    Args:
        codes: base codes of N sequences without N, (N, length).
        word: length of the l-mers.
        letters: the number of positions of a gapped k-mer.
        mismatches: the largest number of mismatches between two l-mers that are compared.
    """
    forward = _words(codes, word)
    both = np.concatenate([forward, _words(reverse_complement(codes), word)], axis=1)
    distances = _distances(word)
    # Two words differ by a word that is not A where they mismatch, if letters are compared as pairs of bits.
    differences = np.flatnonzero(distances <= mismatches)
    weights = mismatch_weights(word, letters, mismatches)[distances[differences]]
    products = np.empty((len(codes), len(codes)))
    _fill_products(forward, both, differences, weights, np.empty(4**word), products)
    lengths = np.sqrt(products.diagonal())
    products /= lengths
    products /= lengths[:, None]
    return products


@compiled
def _fill_products(
    forward: NDArray[np.int64],
    both: NDArray[np.int64],
    differences: NDArray[np.int64],
    weights: NDArray[np.float64],
    filtered: NDArray[np.float64],
    products: NDArray[np.float64],
) -> None:
    """Fill the products of all sequences: the words of one, filtered, are summed over the words of the other."""
    for row in range(len(products)):
        filtered[:] = 0
        for word in both[row]:
            for number in range(len(differences)):
                filtered[word ^ differences[number]] += weights[number]
        for other in range(row + 1):
            total = 0.0
            for word in forward[other]:
                total += filtered[word]
            products[row, other] = total
            products[other, row] = total


def mismatch_weights(word: int, letters: int, mismatches: int) -> NDArray[np.float64]:
    """The kernel of two l-mers by the number of their mismatches, (word + 1,)."""
    # A function of the number of mismatches, as its values, becomes its Fourier transform by this matrix, and back.
    transform = np.array(
        [[_krawtchouk(order, distance, word) for distance in range(word + 1)] for order in range(word + 1)], dtype=float
    )
    low_pass = transform[: letters + 1].sum(axis=0)
    low_pass[np.argmax(low_pass <= 0) if (low_pass <= 0).any() else word + 1 :] = 0
    found: NDArray[np.float64] = (low_pass @ transform / 4**word) ** 2 @ transform / 4**word
    found[mismatches + 1 :] = 0
    return found


def _krawtchouk(order: int, distance: int, word: int) -> int:
    return sum(
        (-1) ** changed * 3 ** (order - changed) * comb(distance, changed) * comb(word - distance, order - changed)
        for changed in range(order + 1)
    )


def _distances(word: int) -> NDArray[np.int64]:
    """The number of letters of every word that are not A, (4 ** word,)."""
    numbers = np.arange(4**word)
    return np.sum([(numbers >> 2 * place) & 3 > 0 for place in range(word)], axis=0)


def _filtered(counts: NDArray[np.float64], by_mismatches: NDArray[np.float64], word: int) -> NDArray[np.float64]:
    """For every word, the sum of the counts of all words, weighted by their number of mismatches."""
    shape = (4,) * word
    kernel = by_mismatches[_distances(word)].reshape(shape)
    # The mismatches of two words are the letters in which their difference is not 0: a convolution over (Z/4)^word.
    product_of = np.fft.fftn(counts.reshape(shape)) * np.fft.fftn(kernel)
    filtered: NDArray[np.float64] = np.fft.ifftn(product_of).real.ravel()
    return filtered


def _words(codes: Codes, word: int) -> NDArray[np.int64]:
    """The number of every l-mer of sequences, (N, length - word + 1)."""
    powers = 4 ** np.arange(word)[::-1]
    windows = np.lib.stride_tricks.sliding_window_view(codes, word, axis=1)
    return windows @ powers
