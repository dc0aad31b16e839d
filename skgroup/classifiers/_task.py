"""From validated input to what one training needs: rows, codes, a split, seeds."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from torch import Tensor
from torch.utils.data import Dataset

from skgroup._data import SubsetRows, as_rows
from skgroup._encode_groups import encode_groups
from skgroup._grouped_array import get_groups
from skgroup._groups import ResolvedGroups, check_same_index
from skgroup._inputs import check_X, feature_statistics, labels_of, n_features_of, n_rows_of
from skgroup._order_by_code import order_by_code
from skgroup.exceptions import GroupsError
from skgroup.samplers import BalancedSampler, UniformSampler
from skgroup.training import TrainingData, Validation

__all__ = ["Sample", "Seeds", "Task", "make_task", "split_rows", "validation_sample"]

# Below these sizes a held-out worst group says more about luck than about the model.
MIN_ROWS_TO_STOP_EARLY = 2000
MIN_GROUP_ROWS_TO_STOP_EARLY = 10


@dataclass(frozen=True)
class Seeds:
    """One independent seed per use, so that adding a use changes no other."""

    module: int
    sampler: int
    split: int
    training: int
    other_module: int
    other_sampler: int
    other_training: int
    method: int

    @classmethod
    def draw(cls, random_state: Any) -> "Seeds":
        """Draw them from a NumPy RandomState."""
        return cls(*random_state.randint(np.iinfo(np.int32).max, size=8).tolist())


@dataclass(frozen=True)
class Task:
    """Everything that a method composes its training from.

    Attributes
    ----------
    data : TrainingData
        Training rows, without outliers and validation rows.
    sample_weight : Tensor of shape (n_rows,) or None
    validation : Validation or None
        None: no early stopping.
    n_features, n_classes : int
    standardize : tuple of arrays or None
        Mean and scale of the features in the training rows, for the default network.
    seeds : Seeds
        `module`, `sampler` and `training` are for the network that predicts, the `other_` ones
        for a first stage or a second network, `method` for whatever else a method draws.
    groups_from : {"given", "carried", "classes", "none"}
        Where the groups are from; "none": codes of the classes stand in.
    held_out : TrainingData or None
        Rows that are not trained on: those of `validation`, or what the method reserves.
    held_out_weight : Tensor or None
        Their weights.
    """

    data: TrainingData
    sample_weight: Tensor | None
    validation: Validation | None
    n_features: int
    n_classes: int
    standardize: tuple[NDArray, NDArray] | None
    seeds: Seeds
    groups_from: str
    held_out: TrainingData | None = None
    held_out_weight: Tensor | None = None

    def first_stage(self) -> "Task":
        """The same task for a network of its own seeds, without selection of the epoch."""
        seeds = self.seeds
        others = (seeds.other_module, seeds.other_sampler, seeds.other_training)
        names = ("module", "sampler", "training")
        seeds = replace(seeds, **dict(zip(names, others, strict=True)))
        return replace(self, seeds=seeds, validation=None)

    def with_groups(self, groups: Tensor, n_groups: int) -> "Task":
        """The same task with other groups of its training rows, from 0 without gaps."""
        groups = groups.to(self.data.groups.device)
        data = replace(self.data, groups=groups, n_groups=n_groups, labels=None)
        return replace(self, data=data)

    def group_sizes(self) -> Tensor:
        """Training rows per group, counted on the CPU."""
        return torch.bincount(self.data.groups.cpu(), minlength=self.data.n_groups)

    def sampler(self, kind: str, batch_size: int) -> UniformSampler | BalancedSampler:
        """Build a sampler: "uniform", "group_balanced" or "class_balanced"."""
        if kind == "uniform":
            return UniformSampler(len(self.data), batch_size, self.seeds.sampler)
        codes = self.data.groups if kind == "group_balanced" else self.data.y
        return BalancedSampler(codes.cpu(), batch_size, self.seeds.sampler)


def split_rows(
    y: NDArray, groups: NDArray, fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split off a share of every class x group cell; each cell keeps a training row."""
    keys = np.random.default_rng(seed).random(len(y))
    cell = y * (groups.max() + 1) + groups
    size = np.bincount(cell)
    order = np.argsort(keys)
    order = order[order_by_code(cell[order])]
    rank = np.empty(len(y), dtype=np.int64)
    rank[order] = np.arange(len(y)) - np.repeat(np.cumsum(size) - size, size)
    held_out = rank < np.minimum(np.rint(fraction * size), size - 1)[cell]
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


@dataclass(frozen=True)
class Sample:
    """Rows in use: X with the positions kept, codes of classes and groups, weights."""

    X: Any
    rows: NDArray[np.int64]
    y: NDArray[np.int64]
    groups: NDArray[np.int64]
    labels: NDArray
    weight: NDArray | None
    groups_from: str

    @property
    def has_groups(self) -> bool:
        return self.groups_from in ("given", "carried")

    @classmethod
    def create(
        cls,
        X: Any,
        y: NDArray[np.int64],
        classes: NDArray,
        found: ResolvedGroups | None,
        weight: NDArray | None,
    ) -> "Sample":
        """Leave out outliers and rows without weight, and renumber the groups that remain."""
        groups, labels = (y, classes) if found is None else (found.codes, found.labels)
        keep = groups >= 0 if weight is None else (groups >= 0) & (weight > 0)
        rows = np.flatnonzero(keep)
        empty = np.setdiff1d(np.arange(len(classes)), y[rows])
        if len(empty):
            name = classes.tolist()[empty[0]]
            raise ValueError(
                f"sample_weight is zero for every sample of class {name!r} that is no outlier: "
                "remove the class from y, or give some of its samples a positive weight."
            )
        present, groups = np.unique(groups[rows], return_inverse=True)
        weight = None if weight is None else weight[rows]
        groups_from = "none" if found is None else found.source
        return cls(X, rows, y[rows], groups, labels[present], weight, groups_from)

    def data(self, part: Any, device: Any) -> TrainingData:
        """The rows at positions `part` as training data; X stays where it is."""
        source, rows = as_rows(self.X, device=device), self.rows[part]
        if len(rows) < len(source):
            source = SubsetRows(source, torch.from_numpy(rows))
        y, groups = (torch.from_numpy(codes[part]).to(device) for codes in (self.y, self.groups))
        return TrainingData(source, y, groups, len(self.labels), self.labels.tolist())


def validation_sample(estimator: Any, sample: Sample, X: Any, y: Any, groups: Any) -> Sample | None:
    """Check the validation data that the user gave to `fit`."""
    if X is None:
        if y is not None or groups is not None:
            raise ValueError("y_val or groups_val was given without X_val: pass all of them.")
        return None
    check_same_index(X_val=X, y_val=y, groups_val=groups)
    checked = check_X(estimator, X, own_module=estimator.module is not None)
    codes, classes = _validation_codes(estimator, checked, y), estimator.classes_
    found = get_groups(X) if groups is None else groups
    if found is None:
        return Sample(checked, np.arange(len(codes)), codes, codes, classes, None, "none")
    group_codes, labels = _validation_groups(sample, found, len(codes))
    rows = np.flatnonzero(group_codes >= 0)
    return Sample(checked, rows, codes[rows], group_codes[rows], labels, None, "given")


def _validation_codes(estimator: Any, X: Any, y: Any) -> NDArray[np.int64]:
    if y is None and not isinstance(X, Dataset):
        raise ValueError("X_val was given without y_val: pass its labels too.")
    y = labels_of(X) if y is None else column_or_1d(y)
    if len(y) != n_rows_of(X):
        raise ValueError(
            f"y_val has {len(y)} labels for {n_rows_of(X)} rows of X_val: give one label per row."
        )
    code = {label: i for i, label in enumerate(estimator.classes_.tolist())}
    unknown = [label for label in dict.fromkeys(y.tolist()) if label not in code]
    if unknown:
        raise ValueError(
            f"y_val has classes that y does not have: {unknown}. Leave those rows out, or train on "
            f"them too; the classes are {list(code)}."
        )
    return np.array([code[label] for label in y.tolist()], dtype=np.int64)


def _validation_groups(sample: Sample, groups: Any, n: int) -> tuple[NDArray[np.int64], NDArray]:
    """Codes under which a group has the column that it has in training; new ones come last."""
    try:
        codes, found = encode_groups(groups, n)
    except GroupsError as error:
        raise GroupsError(f"In groups_val: {error}") from error
    known = sample.labels.tolist() if sample.has_groups else []
    new = [label for label in found.tolist() if label not in known]
    if len(new) == len(found) and (known or not new):
        raise GroupsError(
            f"groups_val has no group of the training data: got {new}, but groups has {known}. "
            "Use the same labels in both."
        )
    labels = np.empty(len(known) + len(new), dtype=object)
    labels[:] = known + new
    place = np.array([(known + new).index(label) for label in found.tolist()], dtype=np.int64)
    return np.where(codes < 0, -1, place[codes]), labels


def make_task(
    estimator: Any, sample: Sample, held_out: Sample | None, seeds: Seeds, *, reserve: bool = False
) -> Task:
    """Split off validation rows where wanted and put everything on the device.

    `reserve` holds rows out also where no epoch is selected on them.
    """
    train, out, selects = np.arange(len(sample.y)), slice(None), held_out is not None
    source = held_out
    if held_out is None and (reserve or estimator.early_stopping):  # "auto", too
        train, out, selects = _split(estimator, sample, seeds.split, reserve)
        source = sample if len(out) else None
    data = None if source is None else source.data(out, estimator.device)
    scoring = estimator.scoring
    if scoring == "auto":
        grouped = sample.has_groups if held_out is None else held_out.has_groups
        scoring = "worst_group" if grouped else "worst_class"
    weight = None if sample.weight is None else sample.weight[train]
    standardize = None
    if estimator.module is None and estimator.standardize:
        standardize = feature_statistics(sample.X, sample.rows[train], weight)
    return Task(
        data=sample.data(train, estimator.device),
        sample_weight=_as_float(weight),
        validation=Validation(data, scoring) if data is not None and selects else None,
        n_features=n_features_of(sample.X),
        n_classes=len(estimator.classes_),
        standardize=standardize,
        seeds=seeds,
        groups_from=sample.groups_from,
        held_out=data,
        held_out_weight=None if source is None else _as_float(source.weight, out),
    )


def _as_float(weight: NDArray | None, part: Any = slice(None)) -> Tensor | None:
    return None if weight is None else torch.from_numpy(weight[part]).float()


def _split(
    estimator: Any, sample: Sample, seed: int, reserve: bool
) -> tuple[NDArray[np.int64], Any, bool]:
    """Training rows, held-out rows, and whether those select the epoch.

    None are held out where "auto" finds them too few, unless they are to be reserved.
    """
    everything = np.arange(len(sample.y))
    train, out = split_rows(sample.y, sample.groups, estimator.validation_fraction, seed)
    selects = bool(estimator.early_stopping)
    if estimator.early_stopping == "auto":
        selects = _enough_to_stop_early(sample.groups[out], len(sample.labels), len(everything))
    elif selects and not len(out):
        raise ValueError(
            f"early_stopping=True needs rows to validate on, but validation_fraction="
            f"{estimator.validation_fraction} of {len(everything)} rows leaves none, because each "
            "class x group cell keeps a training row: raise it, pass X_val, or switch "
            "early_stopping off."
        )
    return (train, out, selects) if selects or reserve else (everything, everything[:0], False)


def _enough_to_stop_early(groups: NDArray[np.int64], n_groups: int, n_rows: int) -> bool:
    smallest = np.bincount(groups, minlength=n_groups).min()
    return n_rows >= MIN_ROWS_TO_STOP_EARLY and bool(smallest >= MIN_GROUP_ROWS_TO_STOP_EARLY)
