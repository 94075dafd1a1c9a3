"""The ids of the models that the second stage of the shipped bank reads: those used by default, and all matrices.

    python workflows/train-effect/read_models.py > LIST

The other networks cost more than all matrices together, and add nothing on the enhancers that choose (see the card).
`--proteins` takes an id that is also the name of a protein for all models of that protein, so that both networks of a
protein are read.
"""

from __future__ import annotations

from varbind import load_bank


def main() -> None:
    """Print one id a line."""
    for model in load_bank().models:
        if model.default or not model.training.get("members"):
            print(model.model_id)


if __name__ == "__main__":
    main()
