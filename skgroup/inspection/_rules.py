"""Rules that tell the rows of a group from the rest of their class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.tree import DecisionTreeClassifier

__all__ = ["Condition", "Rule", "find_rules"]

MIN_LEAF = 5

Path = tuple[tuple[int, bool, float], ...]


@dataclass(frozen=True)
class Condition:
    """``name > threshold`` or ``name <= threshold``; for a 0/1 column ``name = 1`` or ``= 0``.

    Attributes
    ----------
    name : str
        Name of the column.
    column : int
        Its position.
    above : bool
        Whether values have to lie above the threshold.
    threshold : float
        The limit, which the text rounds.
    binary : bool
        Whether the column holds nothing but 0 and 1.
    """

    name: str
    column: int
    above: bool
    threshold: float
    binary: bool = False

    def __str__(self) -> str:
        if self.binary:
            return f"{self.name} = {int(self.above)}"
        return f"{self.name} {'>' if self.above else '<='} {_number(self.threshold)}"

    def matches(self, X: Any) -> NDArray[np.bool_]:
        """Which rows of a matrix meet it."""
        values = X[:, [self.column]]
        values = (values.toarray() if sparse.issparse(values) else np.asarray(values)).ravel()
        return (values > self.threshold) == self.above


@dataclass(frozen=True)
class Rule:
    """Conditions that most rows of a group meet, and few others of its class.

    Attributes
    ----------
    conditions : tuple of Condition
        All have to be met.
    precision : float
        Share of members among the held-out rows of the class that meet them.
    recall : float
        Share of the held-out members that meet them.
    n_rows : int
        Held-out rows of the class that meet them.
    """

    conditions: tuple[Condition, ...]
    precision: float
    recall: float
    n_rows: int

    def __str__(self) -> str:
        text = " and ".join(map(str, self.conditions))
        return f"{text} (precision {self.precision:.2f}, recall {self.recall:.2f})"

    def matches(self, X: Any) -> NDArray[np.bool_]:
        """Which rows of a matrix meet all conditions."""
        return np.logical_and.reduce([c.matches(X) for c in self.conditions])


def find_rules(
    X: Any,
    member: NDArray[np.bool_],
    held_out: NDArray[np.bool_],
    names: NDArray,
    binary: NDArray,
    *,
    max_depth: int,
    seed: int,
) -> tuple[Rule, ...]:
    """Leaves of a tree fitted on one half of a class, judged on the other; the best rule first.

    The order goes by the F1 score on the half that the tree was fitted on. There is no rule
    where a half has no members, or nobody else, and none that no row of the other half meets.
    """
    if not all(0 < member[half].sum() < half.sum() for half in (held_out, ~held_out)):
        return ()
    n_leaf = max(1, min(MIN_LEAF, int(member[~held_out].sum()) // 2))
    tree = DecisionTreeClassifier(
        max_depth=max_depth, min_samples_leaf=n_leaf, class_weight="balanced", random_state=seed
    )
    tree.fit(X[~held_out], member[~held_out])
    rules = []
    for path in _member_paths(tree.tree_, 0, ()):
        conditions = _conditions(path, names, binary)
        met = np.logical_and.reduce([c.matches(X) for c in conditions])
        f1, *_ = _judge(met[~held_out], member[~held_out])
        if met[held_out].any():
            rules.append((-f1, Rule(conditions, *_judge(met[held_out], member[held_out])[1:])))
    return tuple(rule for _, rule in sorted(rules, key=lambda pair: pair[0]))


def _judge(met: NDArray, member: NDArray) -> tuple[float, float, float, int]:
    """F1, precision, recall, and the number of rows that meet a rule."""
    both, n_met, n_members = int((met & member).sum()), int(met.sum()), int(member.sum())
    return 2 * both / (n_met + n_members), both / n_met, both / n_members, n_met


def _member_paths(tree: Any, node: int, path: Path) -> list[Path]:
    """Paths to the leaves where members prevail; a subtree of nothing else counts as one leaf."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        others, members = tree.value[node, 0]
        return [path] if path and members > others else []
    test = int(tree.feature[node]), float(tree.threshold[node])
    below, above = (*path, (test[0], False, test[1])), (*path, (test[0], True, test[1]))
    found = _member_paths(tree, left, below) + _member_paths(tree, right, above)
    return [path] if path and found == [below, above] else found


def _conditions(path: Path, names: NDArray, binary: NDArray) -> tuple[Condition, ...]:
    """The tests of a path; of several on one column and side, the last is the tightest."""
    tightest = {(column, above): threshold for column, above, threshold in path}
    return tuple(
        Condition(str(names[column]), column, above, threshold, bool(binary[column]))
        for (column, above), threshold in tightest.items()
    )


def _number(value: float) -> str:
    """Four digits, and never fewer than one behind the point."""
    whole = len(str(int(abs(value)))) if abs(value) < 1e12 else 0
    return f"{value:.{max(4, whole + 1)}g}"
