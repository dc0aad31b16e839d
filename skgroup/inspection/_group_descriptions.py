"""Groups in plain words, as a table, and as data."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._optional import optional
from skgroup.inspection._examples import Rows
from skgroup.inspection._feature_differences import FeatureDifference
from skgroup.inspection._rules import Rule

__all__ = ["GroupDescription", "GroupDescriptions"]

# What text passes over: differences that are called small, and those that chance gives, less than
# this many standard errors.
SMALL = 0.2
N_ERRORS = 3.0


@dataclass(frozen=True)
class GroupDescription:
    """What is known of one group of one class, see :class:`GroupDescriptions`."""

    group: Any
    class_label: Any
    size: int
    share: float
    error_rate: float
    class_error_rate: float
    mean_loss: float
    is_outliers: bool = False
    features: tuple[FeatureDifference, ...] | None = ()
    rules: tuple[Rule, ...] = ()
    typical: Rows = ()
    borderline: Rows = ()
    extreme: Rows = ()

    def __str__(self) -> str:
        name = "Outliers" if self.is_outliers else f"Group {self.group}"
        rows = "1 row" if self.size == 1 else f"{self.size} rows"
        them = "it" if self.size == 1 else "them"
        text = f"{name}: {rows}, {_percent(self.share)} of class {self.class_label!r}. "
        text += f"The reference gets {_percent(self.error_rate)} of {them} wrong"
        return f"{text} (class: {_percent(self.class_error_rate)}).{self._what_tells_them_apart()}"

    def told_features(self) -> str:
        """A sentence with the columns that set the group apart; empty without columns."""
        if not self.features:
            return ""
        rest = self.size / self.share - self.size
        least = max(SMALL, N_ERRORS * np.sqrt(1 / self.size + 1 / rest))
        told = [f for f in self.features if abs(f.difference) >= least]
        return f"They have {_listed(told)}." if told else "No column sets them apart."

    def _what_tells_them_apart(self) -> str:
        parts = [self.told_features(), f"Rule: {self.rules[0]}." if self.rules else ""]
        return "".join(f" {part}" for part in parts if part)

    def record(self) -> dict[str, Any]:
        """The description as a dict of plain Python values."""
        rules = [{"rule": " and ".join(map(str, r.conditions)), "precision": r.precision,
                  "recall": r.recall, "n_rows": r.n_rows} for r in self.rules]  # fmt: skip
        return {
            "group": self.group,
            "class": self.class_label,
            "size": self.size,
            "share": self.share,
            "error_rate": self.error_rate,
            "class_error_rate": self.class_error_rate,
            "mean_loss": self.mean_loss,
            "features": None if self.features is None else [asdict(f) for f in self.features],
            "rules": rules,
            **{name: list(getattr(self, name)) for name in ("typical", "borderline", "extreme")},
        }


@dataclass(frozen=True, eq=False)
class GroupDescriptions:
    """Descriptions of groups, made by :func:`describe_groups`.

    It is a sequence of them, by class and then by group; ``print`` shows them as sentences.

    Attributes
    ----------
    descriptions : tuple
        One a group, and one for the outliers of each class that has any. Each has `group`,
        `class_label`, `size`, `share` (of its class), `error_rate`, `class_error_rate` and
        `mean_loss` (of the reference), `features` (None where X has no columns to compare; each
        with `name`, `difference`, `mean`, `rest_mean` and `binary`), `rules` (each with
        `conditions`, `precision`, `recall`, `n_rows` and a method ``matches(X)``), `typical`,
        `borderline` and `extreme` (positions of rows).
    held_out : ndarray of shape (n_samples,), bool
        The rows on which precision and recall were measured.
    note : str
        What could not be described, and why; mostly empty.

    Examples
    --------
    >>> from skgroup import GradientGroupInferrer
    >>> from skgroup.datasets import make_shortcut_classification
    >>> from skgroup.inspection import describe_groups
    >>> X, y, _ = make_shortcut_classification(random_state=0)
    >>> inferrer = GradientGroupInferrer(k=2, random_state=0).fit(X, y)
    >>> found = describe_groups(inferrer, X, y, random_state=0)
    >>> len(found), found[0].group, found[0].features[0].name
    (4, 0, 'x1')
    >>> list(found.records[0])[:4]
    ['group', 'class', 'size', 'share']
    """

    descriptions: tuple[GroupDescription, ...]
    held_out: NDArray[np.bool_]
    note: str = ""

    def __len__(self) -> int:
        return len(self.descriptions)

    def __iter__(self) -> Iterator[GroupDescription]:
        return iter(self.descriptions)

    def __getitem__(self, index: int) -> GroupDescription:
        return self.descriptions[index]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.descriptions), *([self.note] if self.note else [])])

    @property
    def records(self) -> list[dict[str, Any]]:
        """One dict of plain Python values a group."""
        return [description.record() for description in self.descriptions]

    def to_frame(self) -> Any:
        """A pandas DataFrame with one row a group.

        Returns
        -------
        DataFrame
            The columns of `records`, with "features" as text, the best of the rules as "rule"
            with its "precision" and "recall" (None and NaN where there is no rule), and lists
            of rows.
        """
        pd = optional("pandas", "to_frame", "dataframe")
        rows = []
        for description, record in zip(self.descriptions, self.records, strict=True):
            nothing = {"rule": None, "precision": np.nan, "recall": np.nan}
            best = {name: next(iter(record["rules"]), nothing)[name] for name in nothing}
            record["features"] = ", ".join(map(str, description.features or ()))
            place = list(record).index("rules")
            items = list(record.items())
            rows.append(dict([*items[:place], *best.items(), *items[place + 1 :]]))
        return pd.DataFrame(rows)


def _percent(share: float) -> str:
    value = 100 * share
    if 0 < value < 0.05:
        return "less than 0.1 %"
    return f"{value:.1f} %" if 0 < value < 0.95 else f"{value:.0f} %"


def _listed(parts: list[FeatureDifference]) -> str:
    *most, last = map(str, parts)
    return f"{', '.join(most)} and {last}" if most else last
