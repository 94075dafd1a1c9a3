"""Every tolerance of the tests, once, with its reason."""

FUSED = 1e-5
"""Fused scorer against the network in double precision, scores of a few units: the promise of the
self-test. Fixed point costs about 1e-7 of a detector's range and the float32 result 6e-8 of the score."""

ORACLE = 1e-10
"""Double precision against double precision, summed in another order; relative and absolute."""

SINGLE = 2e-6
"""Double precision on parameters that were rounded once more to single precision (6e-8 each), for scores of a
few units that are sums of tens of them."""

PUBLISHED_GOLDEN = 1e-5
"""Our scores against the 16 published ones: six printed decimals of a single-precision program."""

PUBLISHED_TABLE = 2e-6
"""Our scores against tables printed with six decimals (5e-7), made in single precision (1e-6)."""

PUBLISHED_DEEPFIND = 6e-5
"""Our scores against scores stored with four decimals (5e-5), made in single precision (1e-5)."""

CALIBRATION = 0.01
"""Share of background variants above a PHRED of 10, against 0.1. The number is a rank among these very
variants; what remains is ties, those of a level among them. For 3,000 variants 0.01 is two standard errors."""

PHRED_10_SMALL = 0.03
"""The same for a kind with 150 background variants."""

CHAIN = 0.03
"""Frequency of a base after a context in 200,000 drawn bases: a context occurs 500 times or more, which
has a standard error of 0.022 at most; the mean over all contexts and bases is far below."""

SLOPES = 1e-5
"""Parameters after a few steps of the training kernel, in single precision, against autograd in double."""

FLOAT16 = 2**-11
"""Half the spacing of float16 beside a number, as a share of it."""

FLOAT16_LEAST = 2**-25
"""Half the spacing of float16 beside 0."""

CODED_SPREAD = 0.005
"""Standard deviation of changes of one byte each against that of the changes: what varies within a bin."""

DEVICE_STEP = 1e-5
"""Parameters after one step of the device and of the CPU kernel from the same state, in single precision: 2e-7 as a
rule, and 4e-6 where a slope of Adam's is nearly nothing and its step as long as any."""

DEVICE_STEPS = 1e-6, 2e-3
"""The same after up to 30 steps without looking back: the median, which is a few roundings, and the most. Of some
60,000 maxima now and then one has two places so nearly equal that rounding decides; 8e-4 in 80 trainings of 3."""

DEVICE_RATING = 1e-3, 0.05
"""AUC or mean squared error after 60 steps on the device and by the CPU kernel, over 80 sequences: the median, and the
most. A network that is still learning is as far apart (0.03) from itself with its parameters rounded otherwise."""
