"""What an inferrer says of the groups that it found."""

from typing import Any

import numpy as np

from skgroup._tell import tell

__all__ = ["tell_groups"]


def tell_groups(inferrer: Any) -> None:
    """Say how many groups there are, and with ``verbose=2`` how large they are in each class."""
    table, groups = inferrer.group_table_, inferrer.groups_
    for label in inferrer.classes_.tolist():
        own = table["class"] == label
        sizes = [f"{n}" if g >= 0 else f"{n} outliers" for g, n in _sizes(table, own)]
        tell(inferrer.verbose, inferrer, f"class {label!r}: {', '.join(sizes)}", least=2)
    n_outliers = int(np.count_nonzero(groups < 0))
    tell(inferrer.verbose, inferrer, f"found {inferrer.n_groups_} groups and {n_outliers} outliers")


def _sizes(table: dict[str, Any], own: Any) -> list[tuple[int, int]]:
    return list(zip(table["group"][own].tolist(), table["size"][own].tolist(), strict=True))
