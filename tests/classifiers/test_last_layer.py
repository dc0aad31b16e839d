import warnings

import numpy as np
import pytest
from joblib import parallel_config
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skgroup.classifiers import _last_layer
from skgroup.classifiers._last_layer import (
    LastLayer,
    _penalty,
    fit_last_layer,
    fit_logistic,
    worst_cell,
)

SIZES = [60, 12, 12, 60]


def planted(sizes=SIZES, seed=0, n_features=4):
    """Groups 2 y + a; column 0 follows the class, column 1 the attribute, the others nothing."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(4), sizes))
    y, a = groups // 2, groups % 2
    Z = rng.normal(size=(len(y), n_features))
    Z[:, 0] += 2 * y - 1
    Z[:, 1] += 3 * (2 * a - 1)
    return Z, y, groups


def fit(Z, y, groups, **settings):
    return fit_last_layer(Z, y, groups, **({"strengths": [0.3], "n_retrains": 5} | settings))


@pytest.fixture
def subsets(monkeypatch):
    """Record what every logistic regression is fitted on, and what it gives."""
    seen = []

    def record(Z, y, cells, weight, C, penalty, seed):
        result = fit_logistic(Z, y, cells, weight, C, penalty, seed)
        seen.append((Z, y, cells, weight, C, result))
        return result

    monkeypatch.setattr(_last_layer, "fit_logistic", record)
    return seen


def test_every_subset_has_as_many_rows_of_each_group(subsets):
    Z, y, groups = planted()
    fit(Z, y, groups)
    assert len(subsets) == 5
    for part, labels, cells, *_ in subsets:
        assert np.bincount(cells).tolist() == [12, 12, 12, 12]
        rows = [np.flatnonzero((row == Z).all(axis=1)).item() for row in part]
        assert len(set(rows)) == 48
        np.testing.assert_array_equal(groups[rows], cells)
        np.testing.assert_array_equal(y[rows], labels)
    # All of a small group, and other rows of a large one each time.
    first, second = (s[0][s[2] == 0] for s in subsets[:2])
    assert not np.array_equal(first, second)


def test_groups_that_cross_classes_are_balanced_within_them(subsets):
    Z, y, groups = planted()
    fit(Z, y, groups % 2, n_retrains=1)
    assert np.bincount(subsets[0][2]).tolist() == [12, 12, 12, 12]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_averaged_decision_is_the_mean_decision(subsets, n_classes):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(n_classes), 30)
    Z = rng.normal(size=(len(y), 5)) + y[:, None]
    groups = 2 * y + (rng.random(len(y)) < 0.3)
    last = fit(Z, y, groups)
    new = rng.normal(size=(50, 5))
    decisions = [new @ coef.T + intercept for *_, (coef, intercept) in subsets]
    assert np.ptp([d[0, 0] for d in decisions]) > 0.01
    np.testing.assert_allclose(
        new @ last.coef.T + last.intercept, np.mean(decisions, axis=0), atol=1e-12
    )


def test_equal_groups_are_fitted_once_and_whole(subsets):
    Z, y, groups = planted([20, 20, 20, 20])
    last = fit(Z, y, groups)
    assert len(subsets) == 1
    model = LogisticRegression(C=0.3, solver="liblinear", tol=1e-8, max_iter=5000, **_penalty("l1"))
    model.fit(Z, y)
    np.testing.assert_allclose(last.coef, model.coef_, atol=1e-4)
    np.testing.assert_allclose(last.intercept, model.intercept_, atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_strong_penalty_leaves_a_constant(n_classes):
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(n_classes), 30)
    Z = rng.normal(size=(len(y), 5)) + 2 * y[:, None]
    last = fit(Z, y, y, strengths=[1e-4])
    np.testing.assert_array_equal(last.coef, 0)
    # saga stops once all coefficients are 0, which the intercepts have not quite reached.
    np.testing.assert_allclose(last.intercept, 0, atol=1e-6 if n_classes == 2 else 0.05)
    assert len(set(last.decide(10 * rng.normal(size=(50, 5))).tolist())) == 1


def test_what_is_noise_in_balanced_groups_is_left_out():
    Z, y, groups = planted([400, 40, 40, 400])
    plain = LogisticRegression(C=np.inf).fit(Z, y).coef_[0]
    last = fit(Z, y, groups, strengths=[0.1], n_retrains=20).coef[0]
    assert plain[1] > 0.5  # the attribute goes with the class in nine of ten rows
    assert abs(last[1]) < 0.05
    assert np.abs(last[2:]).max() < 0.15
    assert last[0] > 0.5


@pytest.mark.parametrize(("n_classes", "penalised"), [(2, True), (3, False)])
@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_the_optimum_by_another_solver(n_classes, penalised, penalty):
    """liblinear penalises the intercept too; weights count inside cells of equal totals."""
    rng = np.random.default_rng(3)
    y = np.tile(np.arange(n_classes), 20)
    Z, cells = rng.normal(size=(len(y), 3)) + 0.5 * y[:, None], 2 * y + rng.integers(2, size=len(y))
    weight = rng.random(len(y)) + 0.2
    coef, intercept = fit_logistic(Z, y, cells, weight, 0.5, penalty, 0)
    balanced = weight.copy()
    for cell in set(cells.tolist()):
        balanced[cells == cell] /= balanced[cells == cell].mean()
    rows = len(coef)

    def objective(flat):
        parts = flat.reshape(2, rows, 4)
        both = (parts[0] - parts[1]) if penalty == "l1" else parts[0]
        scores = Z @ both[:, :3].T + both[:, 3]
        scores = np.column_stack([np.zeros(len(y)), scores]) if rows == 1 else scores
        loss = -(balanced * log_softmax(scores, axis=1)[np.arange(len(y)), y]).sum()
        sizes = parts.sum(axis=0) if penalty == "l1" else both**2 / 2
        return 0.5 * loss + sizes[:, : 4 if penalised else 3].sum()

    # The l1 norm is smooth in positive and negative parts.
    bounds = [(0 if penalty == "l1" else None, None)] * (8 * rows)
    best = minimize(
        objective,
        np.full(8 * rows, 0.1),
        bounds=bounds,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 10**6, "ftol": 1e-15, "gtol": 1e-9},
    )
    parts = best.x.reshape(2, rows, 4)
    both = parts[0] - parts[1] if penalty == "l1" else parts[0]
    np.testing.assert_allclose(coef, both[:, :3], atol=0.005)
    free = intercept - (0 if penalised else intercept.mean())
    np.testing.assert_allclose(
        free, both[:, 3] - (0 if penalised else both[:, 3].mean()), atol=0.01
    )


def test_the_best_strength_for_the_worst_group_is_chosen(subsets):
    Z, y, groups = planted([200, 40, 40, 200], n_features=30)
    strengths = [100.0, 0.05, 1e-4]
    last = fit(Z, y, groups, strengths=strengths, n_retrains=2)
    tuned, final = subsets[:3], subsets[3:]
    assert [s[4] for s in tuned] == strengths
    assert {s[4] for s in final} == {last.C}
    assert all(np.array_equal(s[0], tuned[0][0]) for s in tuned)
    assert np.bincount(tuned[0][2]).tolist() == [20, 20, 20, 20]  # of one half
    # The constant is right for one class only, and the weak penalty fits noise.
    assert last.C == 0.05


def test_halves_have_no_row_in_common(subsets, monkeypatch):
    Z, y, groups = planted([40, 40, 40, 40])
    scored = []

    class Recorded(LastLayer):
        def decide(self, Z):
            scored.append(Z)
            return super().decide(Z)

    monkeypatch.setattr(_last_layer, "LastLayer", Recorded)
    fit(Z, y, groups, strengths=[1.0, 0.1])
    fitted = {tuple(row) for row in subsets[0][0]}
    assert len(fitted) == len(scored[0]) == 80
    assert fitted.isdisjoint(tuple(row) for row in scored[0])


@pytest.mark.parametrize("strengths", [[5.0, 2.0], [2.0, 5.0]])
def test_of_equally_good_strengths_the_first_is_chosen(strengths):
    y = np.repeat([0, 1], 20)
    Z = (2.0 * y - 1)[:, None]
    assert strengths[0] == fit(Z, y, y, strengths=strengths).C


def test_single_rows_have_no_halves():
    y = np.array([0, 0, 1, 1])
    assert fit((2.0 * y - 1)[:, None], y, np.arange(4), strengths=[0.7, 0.1]).C == 0.7


def test_worst_cell_by_hand():
    right = np.array([True, False, True, True, False])
    cells = np.array([0, 0, 2, 2, 2])  # 1 is absent
    assert worst_cell(right, cells, np.ones(5)) == (0.5, round((1 / 2 + 2 / 3) / 2, 9))
    weight = np.array([1.0, 3.0, 1.0, 1.0, 0.0])
    assert worst_cell(right, cells, weight) == (0.25, 0.625)


def test_names_of_groups_and_their_order_do_not_matter():
    Z, y, groups = planted()
    names = np.array([2, 0, 3, 1])
    for given in (groups, groups % 2):
        settings = {"strengths": [1.0, 0.1, 0.01], "n_retrains": 3}
        one, other = fit(Z, y, given, **settings), fit(Z, y, names[given], **settings)
        assert one.C == other.C
        np.testing.assert_array_equal(one.coef, other.coef)


def test_weights_count_inside_their_group_only():
    Z, y, groups = planted([30, 30, 30, 30])
    plain = fit(Z, y, groups)
    scaled = fit(Z, y, groups, weight=np.array([1.0, 5.0, 0.1, 7.0])[groups])
    np.testing.assert_allclose(scaled.coef, plain.coef, atol=1e-6)
    weight = np.where(Z[:, 2] > 0, 1.0, 1e-9)
    without = fit(Z, y, groups, weight=weight)
    assert np.abs(without.coef - plain.coef).max() > 0.01


@pytest.mark.parametrize("coef", [[[1.0, -2.0, 0.5]], [[1.0, 0.0, 2.0], [0.5, 1.0, 0], [3, 1, -1]]])
def test_the_head_does_the_standardisation(coef):
    last = LastLayer(1.0, np.array(coef), np.arange(1.0, len(coef) + 1))
    H = np.random.default_rng(0).normal(5, 3, size=(20, 3))
    mean, scale = H.mean(axis=0), H.std(axis=0)
    weight, bias = last.head(mean, scale)
    scores, expected = H @ weight.T + bias, ((H - mean) / scale) @ last.coef.T + last.intercept
    if len(coef) == 1:
        np.testing.assert_allclose(scores[:, 1] - scores[:, 0], expected[:, 0])
        np.testing.assert_allclose(scores.sum(axis=1), 0, atol=1e-12)
    else:
        np.testing.assert_allclose(scores, expected)
    np.testing.assert_array_equal(scores.argmax(axis=1), last.decide((H - mean) / scale))


def test_no_warning_leaks_and_filters_stay():
    rng = np.random.default_rng(0)
    Z, y = rng.normal(size=(60, 200)), np.tile([0, 1, 2], 20)
    before = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inside = list(warnings.filters)
        coef, _ = fit_logistic(Z, y, y, np.ones(60), 1e6, "l1", 0)
        assert warnings.filters == inside
    assert np.isfinite(coef).all()
    assert list(warnings.filters) == before
    with pytest.warns(ConvergenceWarning):  # which there would be
        LogisticRegression(C=1e6, solver="saga", max_iter=1000, **_penalty("l1")).fit(Z, y)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"penalty": "l2", "l1_ratio": None}, {"penalty": "l1"}),  # versions before 1.8
        ({"penalty": "deprecated", "l1_ratio": 0.0}, {"l1_ratio": 1.0}),
        ({"l1_ratio": 0.0}, {"l1_ratio": 1.0}),  # from 1.10 on
    ],
)
def test_how_the_penalty_is_asked_for(monkeypatch, parameters, expected):
    monkeypatch.setattr(LogisticRegression, "get_params", lambda self: parameters)
    assert _penalty("l1") == expected


def test_seeds_and_parallel_fits():
    Z, y, groups = planted()
    settings = {"strengths": [1.0, 0.1]}
    first = fit(Z, y, groups, seed=1, **settings)
    with parallel_config("threading", n_jobs=2):
        again = fit(Z, y, groups, seed=1, **settings)
    np.testing.assert_array_equal(first.coef, again.coef)
    other = fit(Z, y, groups, seed=2, **settings)
    assert not np.array_equal(first.coef, other.coef)
