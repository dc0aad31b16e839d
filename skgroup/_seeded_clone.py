"""A copy of an estimator whose randomness is repeatable."""

from typing import Any

from sklearn.base import clone

__all__ = ["seeded_clone"]


def seeded_clone(estimator: Any, seed: int) -> Any:
    """An unfitted clone in which every `random_state` that is None, nested ones too, is `seed`."""
    model = clone(estimator)
    unseeded = [
        name
        for name, value in model.get_params().items()
        if name.split("__")[-1] == "random_state" and value is None
    ]
    return model.set_params(**dict.fromkeys(unseeded, seed))
