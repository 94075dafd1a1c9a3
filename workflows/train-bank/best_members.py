"""Of every model its first member, the one of the best setting: what a bank would be without ensembles.

python workflows/train-bank/best_members.py BANK NEW_BANK
"""

from __future__ import annotations

import sys
from dataclasses import replace

from varbind.io.banks import read_bank, write_bank


def main() -> None:
    """Write the bank; it has no background."""
    source, destination = sys.argv[1:]
    bank = read_bank(source)
    stacks = []
    for stack in bank.stacks:
        apart = stack.unstack().take(range(0, len(stack.detectors), stack.config.members))
        stacks.append(replace(apart, model_ids=stack.model_ids))
    models = tuple(replace(model, config=replace(model.config, members=1)) for model in bank.models)
    card = replace(bank.cards[0], models=models, golden=None, background={})
    write_bank(destination, replace(bank, cards=(card,), models=models, stacks=tuple(stacks), background=None))


if __name__ == "__main__":
    main()
