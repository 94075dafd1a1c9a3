"""A value is the same however it is spelt, and any other one is told."""

import pytest

from varbind.io.vcf.bcf import lost_value


def line(*, alt="C", qual=".", filters=".", info=".", sample=None):
    columns = ["1", "5", ".", "A", alt, qual, filters, info, *([] if sample is None else ["GT:DP", sample])]
    return "\t".join(columns).encode()


SAME = [
    ({"qual": "30.000"}, {"qual": "30"}),
    ({"qual": "+Inf"}, {"qual": "inf"}),
    ({"qual": "nan"}, {"qual": "nan"}),
    ({"info": "AF=0.123456789;DB"}, {"info": "AF=0.123457;DB"}),
    ({"info": "AF=1.0e-3,.5"}, {"info": "AF=0.001,0.5"}),
    ({"info": "A=1;;B;"}, {"info": "A=1;B"}),
    ({"info": "A=;B"}, {"info": "A;B"}),
    ({"alt": "C,,T"}, {"alt": "C,.,T"}),
    ({"sample": "0/1"}, {"sample": "0/1:."}),
    ({"sample": "."}, {"sample": ".:."}),
    ({"sample": ":"}, {"sample": ".:."}),
    ({"sample": "0/1:3"}, {"sample": "0/1:3:.,.:."}),
    ({"sample": "|1:3"}, {"sample": "1:3"}),
    ({"sample": "/0|1:3"}, {"sample": "/0|1:3"}),
    ({"sample": "/0/1:3"}, {"sample": "0/1:3"}),
    ({"sample": "/."}, {"sample": ".:."}),
]
OTHER = [
    ({"qual": "good"}, {"qual": "0"}),
    ({"qual": "1e-60"}, {"qual": "0"}),
    ({"alt": "C,T"}, {"alt": "C"}),
    ({"alt": "C"}, {"alt": "T"}),
    ({"filters": "q10;s50"}, {"filters": "q10"}),
    ({"info": "END=2147483648"}, {"info": "END=."}),
    ({"info": "AC=16777217"}, {"info": "AC=16777216"}),
    ({"info": "A=1;B=2"}, {"info": "A=1"}),
    ({"info": "A=1,2"}, {"info": "A=1"}),
    ({"sample": "0/1:3"}, {"sample": "0|1:3"}),
    ({"sample": "/0|1:3"}, {"sample": "0|1:3"}),
    ({"sample": "|0/1:3"}, {"sample": "0/1:3"}),
    ({"sample": "0/1:3"}, {"sample": "0/1:."}),
    ({"sample": "0/1:3"}, {}),
]


@pytest.mark.parametrize(("written", "held"), SAME)
def test_the_same_value(written, held):
    assert lost_value(line(**written), line(**held)) is None


@pytest.mark.parametrize(("written", "held"), OTHER)
def test_another_value(written, held):
    assert lost_value(line(**written), line(**held)) is not None


def test_the_first_value_that_differs_is_told():
    assert lost_value(line(qual="1.50", info="A=1;B=x;C=y"), line(qual="1.5", info="A=1;B=.;C=.")) == ("B=x", "B=.")
