from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skgroup._groups import group_name
from skgroup._optional import optional
from skgroup.auditing._findings import Finding
from skgroup.auditing._page import fragment, page
from skgroup.auditing._plain_text import plain_text
from skgroup.auditing._verdict import Verdict
from skgroup.inspection import GroupDescriptions, Stability

__all__ = ["AuditReport"]


@dataclass(frozen=True, eq=False)
class AuditReport:
    """What :func:`audit` found: ``print`` shows it as text, a notebook as a page.

    Attributes
    ----------
    model_name : str
        The class of the audited model.
    metric : str
        Name of what was measured.
    confidence : float
        Level of the intervals.
    classes : ndarray of shape (n_classes,)
        Class labels.
    groups : ndarray of shape (n_samples,), int64
        The group of each row of X, as a position in `group_labels`; -1 for outliers.
    group_labels : list
        Labels of the groups: those given, or numbers.
    inferred : bool
        Whether the groups were inferred.
    is_fitted : bool
        Whether the model was fitted, and was judged as it is.
    rows : ndarray of shape (n_held_out,)
        Positions of the rows of X that all models were judged on.
    predictions : dict of ndarray
        What each model predicts for these rows; the audited model comes first.
    verdicts : tuple
        One a model, in the same order. Each has `name`, `average`, `worst` (a group), `worst_score`
        (its interval holds for whichever group is the worst), `gap` and `groups` (each with
        `group`, `size` and `score`). Scores have `value`, `low` and `high`.
    descriptions : GroupDescriptions
        What the groups are, see :func:`skgroup.inspection.describe_groups`.
    stability : Stability or None
        Of inferred groups, see :func:`skgroup.inspection.stability`.
    findings : tuple
        What to beware of. Each has a `kind` and a `text`.

    Examples
    --------
    >>> import skgroup
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgroup.datasets import make_shortcut_classification
    >>> X, y, groups = make_shortcut_classification(2000, random_state=0)
    >>> report = skgroup.audit(
    ...     LogisticRegression(), X, y, groups, alternatives=["reweighting"], random_state=0
    ... )
    >>> report.verdicts[0].worst.group, report.verdicts[0].gap > 0.3
    (2, True)
    >>> report.to_frame().columns.tolist()
    ['model', 'group', 'size', 'accuracy', 'accuracy_low', 'accuracy_high']
    """

    model_name: str
    metric: str
    confidence: float
    classes: NDArray
    groups: NDArray[np.int64]
    group_labels: list
    inferred: bool
    is_fitted: bool
    rows: NDArray[np.intp]
    predictions: dict[str, NDArray]
    verdicts: tuple[Verdict, ...]
    descriptions: GroupDescriptions
    stability: Stability | None
    findings: tuple[Finding, ...]

    @property
    def titles(self) -> dict[Any, str]:
        """What the report calls each group."""
        if not self.inferred:
            return {label: group_name(label) for label in self.group_labels}
        own = {d.group: d.class_label for d in self.descriptions if not d.is_outliers}
        return {
            label: f"group {label} (class {own[label]})" if label in own else f"group {label}"
            for label in self.group_labels
        }

    @property
    def quoted_titles(self) -> dict[Any, str]:
        """The same in the middle of a sentence."""
        return {
            label: title if self.inferred else f"\u2018{title}\u2019"
            for label, title in self.titles.items()
        }

    @property
    def n_outliers(self) -> int:
        """Held-out rows of no group."""
        return int(np.count_nonzero(self.groups[self.rows] < 0))

    def to_frame(self) -> Any:
        """A pandas DataFrame with one row for each model and group.

        Returns
        -------
        DataFrame
            Columns "model", "group", "size" (held-out rows), and the metric, named by `metric`,
            with "_low" and "_high" for its interval.
        """
        pd = optional("pandas", "to_frame", "dataframe")
        limits = (self.metric, f"{self.metric}_low", f"{self.metric}_high")
        return pd.DataFrame(
            {
                "model": verdict.name,
                "group": own.group,
                "size": own.size,
                **dict(zip(limits, (own.score.value, own.score.low, own.score.high), strict=True)),
            }
            for verdict in self.verdicts
            for own in verdict.groups
        )

    def summary(self) -> str:
        """The report as plain text.

        Returns
        -------
        str
        """
        return plain_text(self)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return fragment(self)

    def to_html(self, path: Any = None) -> str:
        """The report as a page of its own: no scripts, and nothing to fetch.

        Parameters
        ----------
        path : str or path-like, default=None
            Where to write it as well.

        Returns
        -------
        str
            The HTML text.
        """
        text = page(self)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text
