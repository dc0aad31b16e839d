import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.exceptions import NotFittedError
from torch import nn
from torch.utils.data import TensorDataset

from skgroup import GradientGroupInferrer
from skgroup.datasets import make_group_blobs, make_shortcut_classification, plant_shortcut
from skgroup.exceptions import GroupsError
from skgroup.inspection import describe_groups


class Flat(nn.Module):
    """Reads inputs of any shape, also by name."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(x.flatten(1))


def infer(X, y, **options):
    return GradientGroupInferrer(k=2, random_state=0, **options).fit(X, y)


@pytest.mark.parametrize("agreement", [0.9, 0.95])
@pytest.mark.parametrize("seed", range(4))
def test_the_shortcut_is_named_first(seed, agreement):
    X, y, _ = make_shortcut_classification(
        1000, agreement=agreement, n_features=10, random_state=seed
    )
    found = describe_groups(infer(X, y), X, y, random_state=0)
    assert len(found) == 4
    for description in found:
        assert description.features[0].name == "x1"
        assert "x1" in {c.name for c in description.rules[0].conditions}


@pytest.mark.parametrize("seed", range(4))
def test_the_planted_column_is_named_first(seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(1000, 6)), columns=list("abcdef"))
    y = np.where(X["a"] + rng.normal(size=1000) > 0, "yes", "no")
    X, _ = plant_shortcut(X, y, 0.9, name="planted", random_state=seed)
    found = describe_groups(infer(X, y), X, y, random_state=0)
    assert [d.class_label for d in found] == ["no", "no", "yes", "yes"]
    assert {d.features[0].name for d in found} == {"planted"}


def test_figures_are_those_of_the_table(shortcut):
    found = describe_groups(shortcut.inferrer, shortcut.X, shortcut.y)
    table = shortcut.inferrer.group_table_
    for name in ("group", "class", "size", "mean_loss", "error_rate"):
        assert [d[name] for d in found.records] == pytest.approx(table[name].tolist())
    wrong = shortcut.inferrer.reference_.predict_proba(shortcut.X.astype(np.float32)).argmax(1)
    for description in found:
        own = shortcut.y == description.class_label
        assert description.share == description.size / own.sum()
        assert description.class_error_rate == (wrong != shortcut.y)[own].mean()


def test_features_rules_and_examples_by_another_route(shortcut):
    X, y = shortcut.X, shortcut.y
    found = describe_groups(shortcut.inferrer, X, y, n_examples=4, random_state=0)
    groups, Z = shortcut.inferrer.groups_, shortcut.inferrer.embed(X, y)
    for d in found:
        own, rest = groups == d.group, (y == d.class_label) & (groups != d.group)
        n, m = own.sum(), rest.sum()
        pooled = (n - 1) * X[own].var(axis=0, ddof=1) + (m - 1) * X[rest].var(axis=0, ddof=1)
        gap = (X[own].mean(axis=0) - X[rest].mean(axis=0)) / np.sqrt(pooled / (n + m - 2))
        order = np.argsort(-abs(gap))
        assert [f.name for f in d.features] == [f"x{j}" for j in order]
        np.testing.assert_allclose([f.difference for f in d.features], gap[order], atol=1e-12)
        for rule in d.rules:
            met = rule.matches(X) & found.held_out & (y == d.class_label)
            assert rule.precision == (met & own).sum() / met.sum()
            assert rule.recall == (met & own).sum() / (own & found.held_out).sum()
        distance = np.linalg.norm(Z - Z[own].mean(axis=0), axis=1)
        margin = np.linalg.norm(Z - Z[rest].mean(axis=0), axis=1) - distance
        rows = np.flatnonzero(own)
        assert d.typical == tuple(rows[np.argsort(distance[rows], kind="stable")[:4]])
        assert d.borderline == tuple(rows[np.argsort(margin[rows], kind="stable")[:4]])


def test_half_of_every_group_is_held_out(shortcut):
    found = describe_groups(shortcut.inferrer, shortcut.X, shortcut.y, random_state=1)
    for d in found:
        assert found.held_out[shortcut.inferrer.groups_ == d.group].sum() == d.size // 2


def test_outliers_have_a_row_of_their_own():
    X, y, _ = make_group_blobs(40, variance=0.01, random_state=0)
    X[:2], y[:2] = [[60.0, 3.0], [40.0, 3.0]], 0
    inferrer = infer(X, y, scale="rms", weight_decay=0.0, min_cluster_share=0.02)
    outside, Z = np.flatnonzero(inferrer.groups_ == -1), inferrer.embed(X, y)
    assert outside.tolist() == [0, 1]
    found = describe_groups(inferrer, X, y, random_state=0)
    assert [(d.class_label, d.group) for d in found] == [(0, 0), (0, 1), (0, -1), (1, 2), (1, 3)]
    assert [d.is_outliers for d in found] == [False, False, True, False, False]
    centroids = [Z[inferrer.groups_ == g].mean(axis=0) for g in (0, 1)]
    far = [min(np.linalg.norm(Z[i] - c) for c in centroids) for i in outside]
    assert found[2].extreme == tuple(outside[np.argsort(far)[::-1]])
    assert (found[2].size, found[2].typical, found[2].borderline) == (2, (), ())
    assert str(found[2]).startswith("Outliers: 2 rows, 1 % of class 0. ")
    assert sum(d.size for d in found) == 400


def test_given_groups_are_described_inside_each_class(shortcut):
    places = np.where(shortcut.X[:, 1] > 0, "land", "water").astype(object)
    places[:3] = None
    found = describe_groups(shortcut.inferrer, shortcut.X, shortcut.y, groups=places)
    named = [(d.class_label, d.group, d.is_outliers) for d in found]
    expected = [(0, "land", False), (0, "water", False)], [(1, "land", False), (1, "water", False)]
    outside = [[(c, -1, True)] if (shortcut.y[:3] == c).any() else [] for c in (0, 1)]
    assert named == expected[0] + outside[0] + expected[1] + outside[1]
    assert found[0].size == ((places == "land") & (shortcut.y == 0)).sum()
    crossed = describe_groups(
        shortcut.inferrer, shortcut.X, shortcut.y, groups=[places, shortcut.y]
    )
    assert crossed[0].group == "land, 0"


def test_known_groups_that_are_the_class_have_no_rest(shortcut):
    found = describe_groups(shortcut.inferrer, shortcut.X, shortcut.y, groups=shortcut.y)
    assert [(d.share, d.features, d.rules, d.borderline) for d in found] == [(1, (), (), ())] * 2


def test_sparse_rows_are_described_as_dense_ones(shortcut):
    X = np.where(shortcut.X > 0.5, shortcut.X, 0)
    inferrer = infer(X, shortcut.y)
    dense = describe_groups(inferrer, X, shortcut.y, random_state=0)
    for rows in (sparse.csr_matrix(X), sparse.csr_array(X)):
        found = describe_groups(inferrer, rows, shortcut.y, random_state=0)
        for one, other in zip(found, dense, strict=True):
            assert one.rules == other.rules
            assert [f.name for f in one.features] == [f.name for f in other.features]
            np.testing.assert_allclose(
                [f.difference for f in one.features], [f.difference for f in other.features]
            )


def test_one_hot_columns_read_well():
    rng = np.random.default_rng(0)
    female, n = rng.random(600) < 0.5, rng.normal(size=600)
    y = np.where(rng.random(600) < 0.1, ~female, female).astype(int)
    X = pd.DataFrame({"sex_Female": female.astype(float), "n": n})
    found = describe_groups(infer(X, y), X, y, random_state=0)
    assert any("sex_Female = 1" in str(d.rules[0]) for d in found)
    assert "0.5" not in str(found)


def as_dict(X):
    return {"x": X.astype(np.float32)}


def as_dataset(X):
    return TensorDataset(torch.tensor(X, dtype=torch.float32))


def as_image(X):
    return X.astype(np.float32).reshape(len(X), 1, 5)


@pytest.mark.parametrize("convert", [as_dict, as_dataset, as_image])
def test_what_has_no_columns_gets_sizes_errors_and_examples(shortcut, convert):
    X, y = convert(shortcut.X), shortcut.y
    inferrer = infer(X, y, module=Flat(), epochs=2)
    found = describe_groups(inferrer, X, y)
    assert all(d.features is None and d.rules == () and d.typical for d in found)
    assert "features and rules are left out" in str(found)
    assert found.records[0]["features"] is None
    assert [d.size for d in found] == inferrer.group_table_["size"].tolist()


def test_same_seed_same_descriptions(shortcut):
    one, other, third = (
        describe_groups(shortcut.inferrer, shortcut.X, shortcut.y, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert one.records == other.records
    assert (one.held_out != third.held_out).any()


def test_numbers_of_features_and_examples(shortcut):
    found = describe_groups(
        shortcut.inferrer, shortcut.X, shortcut.y, max_features=2, max_depth=1, n_examples=3
    )
    for d in found:
        assert (len(d.features), len(d.typical), len(d.borderline)) == (2, 3, 3)
        assert {len(rule.conditions) for rule in d.rules} == {1}


def test_bad_input(shortcut):
    X, y, inferrer = shortcut.X, shortcut.y, shortcut.inferrer
    with pytest.raises(NotFittedError):
        describe_groups(GradientGroupInferrer(), X, y)
    with pytest.raises(ValueError, match="X has 500 samples, but y has 499"):
        describe_groups(inferrer, X, y[1:])
    with pytest.raises(GroupsError, match="groups has 499 entries"):
        describe_groups(inferrer, X, y, groups=y[1:])
    with pytest.raises(ValueError, match=r"feature_names has shape \(2,\), but X has 5 features"):
        describe_groups(inferrer, X, y, ["a", "b"])
    with pytest.raises(ValueError, match="labels that fit did not see: 2"):
        describe_groups(inferrer, X, y + 1)
    with pytest.raises(ValueError, match="no numbers: 'a'"):
        describe_groups(inferrer, pd.DataFrame({"a": ["u"] * 500}), y)
    with pytest.raises(ValueError, match="'max_depth' parameter of describe_groups"):
        describe_groups(inferrer, X, y, max_depth=0)
    with pytest.raises(ValueError, match="'inferrer' parameter of describe_groups"):
        describe_groups("kmeans", X, y)
    with pytest.raises(ValueError, match="'y' parameter of describe_groups"):
        describe_groups(inferrer, X, None)


def test_nothing_is_changed(shortcut):
    X, y = shortcut.X.copy(), shortcut.y.copy()
    state = np.random.get_state()[1].tolist()
    describe_groups(shortcut.inferrer, X, y, random_state=0)
    assert (X == shortcut.X).all()
    assert (y == shortcut.y).all()
    assert np.random.get_state()[1].tolist() == state
