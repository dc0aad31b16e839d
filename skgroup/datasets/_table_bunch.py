"""Tables of text fields as the Bunch that every tabular loader returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skgroup._groups import cross_groups

__all__ = ["Table", "named_groups"]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of text by name, those of them that hold numbers, and the mark of a missing value."""

    columns: dict[str, NDArray]
    numbers: tuple[str, ...]
    missing: str | None = None

    def bunch(
        self, target: NDArray, attribute: NDArray, *, label: str, as_frame: bool, loader: str
    ) -> Bunch:
        """Data, target and groups, as arrays or as pandas objects."""
        bunch = Bunch(target=target, frame=None, **named_groups(target, attribute))
        if as_frame:
            self._use_pandas(bunch, label, loader)
        else:
            bunch.data, bunch.feature_names = self._as_numbers()
        return bunch

    def _as_numbers(self) -> tuple[NDArray[np.float64], list[str]]:
        """One 0-1 column a value; one alone where there are two values; none for missing ones."""
        found: dict[str, NDArray] = {}
        for name, column in self.columns.items():
            if name in self.numbers:
                found[name] = column
                continue
            values = [v for v in np.unique(column).tolist() if v != self.missing]
            kept = values[1:] if len(values) == 2 else values
            found |= {f"{name}_{value}": column == value for value in kept}
        data = np.column_stack([column.astype(np.float64) for column in found.values()])
        return data, list(found)

    def _use_pandas(self, bunch: Bunch, label: str, loader: str) -> None:
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                f"{loader}(as_frame=True) needs pandas: install it (`pip install pandas`), or use "
                "as_frame=False for arrays."
            ) from error
        frame = pd.DataFrame(self.columns)
        text = [name for name in frame if name not in self.numbers]
        frame[text] = frame[text].mask(frame[text] == self.missing)
        bunch.data = frame.astype(
            {name: "int64" if name in self.numbers else "category" for name in frame}
        )
        bunch.feature_names = list(self.columns)
        bunch.target = pd.Series(bunch.target, name=label)
        for key, names in (("groups", bunch.group_names), ("attribute", bunch.attribute_names)):
            bunch[key] = pd.Series(pd.Categorical(bunch[key], categories=names), name=key)
        bunch.frame = bunch.data.assign(**{label: bunch.target})


def named_groups(target: NDArray[np.int64], attribute: NDArray) -> dict[str, NDArray]:
    """Groups of an attribute and the label, "attribute, label", named in class-major order."""
    attribute_names = np.unique(attribute)
    labels = np.unique(target).tolist()
    group_names = np.array([f"{a}, {label}" for label in labels for a in attribute_names])
    return {
        "groups": group_names[cross_groups(target, attribute)],
        "attribute": attribute,
        "group_names": group_names,
        "attribute_names": attribute_names,
    }
