"""The networks of a bank that read their own sites, or those that tell best bound from unbound regions.

    python workflows/train-bank/subset.py BANK own-sites|regions NEW_BANK

Most proteins have one network, which is in both; of two, the first bank has one and the second the other.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from sets import SECOND

from varbind.io.banks import read_bank, write_bank


def main() -> None:
    """Write the bank; it has no background."""
    source, wanted, destination = sys.argv[1:]
    bank = read_bank(source)
    second = {model.model_id for model in bank.models if model.model_id.endswith(SECOND)}
    left_out = second if wanted == "regions" else {own.removesuffix(SECOND) for own in second}
    bank = bank.select([model.model_id for model in bank.models if model.model_id not in left_out])
    card = replace(bank.cards[0], models=bank.models, golden=None, background={})
    write_bank(destination, replace(bank, cards=(card,), background=None))


if __name__ == "__main__":
    main()
