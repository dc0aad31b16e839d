import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from skgroup.auditing._known_logits import (
    LEAST_PROBABILITY,
    KnownLogits,
    held_out_logits,
    join,
    split,
)
from skgroup.datasets import make_shortcut_classification
from skgroup.gradients import per_sample_gradients
from skgroup.inference._linear_reference import fit_linear


class Sure:
    """Names a class with certainty, of more classes than are asked for."""

    classes_ = np.array(["a", "b", "c"])

    def predict_proba(self, X):
        return np.array([[1.0, 0.0, 0.0], [0.2, 0.2, 0.6]])


def test_logits_are_logs_of_probabilities():
    X, y, _ = make_shortcut_classification(100, random_state=0)
    model = LogisticRegression(C=0.01).fit(X, y)  # far from being certain of any row
    np.testing.assert_allclose(
        held_out_logits(model, X, np.array([0, 1])), model.predict_log_proba(X), rtol=1e-9
    )


def test_logits_are_bounded_and_of_the_classes_asked_for():
    p = np.exp(held_out_logits(Sure(), None, np.array(["a", "b"])))
    least = LEAST_PROBABILITY / (1 + LEAST_PROBABILITY)
    np.testing.assert_allclose(p, [[1 - least, least], [0.5, 0.5]], rtol=1e-12)


def test_without_probabilities_the_predicted_class_is_nearly_certain():
    X, y, _ = make_shortcut_classification(60, random_state=0)
    model = LinearSVC(random_state=0).fit(X, y)
    p = np.exp(held_out_logits(model, X, model.classes_))
    np.testing.assert_allclose(p.max(axis=1), 0.95)
    np.testing.assert_array_equal(p.argmax(axis=1), model.predict(X))


def test_join_and_split_are_inverse():
    features, logits = np.arange(6.0).reshape(3, 2), np.arange(9.0).reshape(3, 3)
    for part, again in zip((features, logits), split(join(features, logits), 3), strict=True):
        np.testing.assert_array_equal(part, again)


def test_gradients_are_those_of_the_linear_model_with_these_logits():
    X, y, _ = make_shortcut_classification(80, n_features=4, random_state=0)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rng = np.random.default_rng(0)
    weight, intercept = rng.normal(size=(4, 2)), rng.normal(size=2)
    logits = X @ weight + intercept
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    known = KnownLogits(join(X, logits), 2)
    (found,) = known.gradients(join(X, logits), y, "head", None, 0)
    p = np.exp(logits)
    p[np.arange(80), y] -= 1
    by_hand = [np.outer(p[i], np.append(X[i], 1.0)).ravel() for i in range(80)]
    np.testing.assert_allclose(found, by_hand, atol=1e-10)


def test_gradients_agree_with_those_of_a_network():
    X, y, _ = make_shortcut_classification(80, n_features=3, random_state=0)
    net = fit_linear(
        X, y, by_effect=False, standardize=True, weight_decay=0.01, device="cpu", random_state=0
    )
    logits = np.log(net.probabilities(X))
    expected = per_sample_gradients(net.snapshots[-1], X, y, source="head")
    joined = join(X, logits)
    (found,) = KnownLogits(joined, 2).gradients(joined, y, "head", None, 0)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_weights_are_those_of_the_linear_model_behind_the_logits():
    X, _, _ = make_shortcut_classification(20_000, n_features=3, random_state=0)
    margin = 2.0 * X[:, 0] - 0.5 * X[:, 2]
    logits = np.column_stack([-margin, margin])
    roots = KnownLogits(join(X, logits), 2).root_weights(None, "head").reshape(2, 4)
    expected = np.sqrt(np.abs(np.array([2.0, 0.0, -0.5]) * X.std(axis=0)))
    np.testing.assert_allclose(roots[:, :3], [expected, expected], atol=0.03)
    np.testing.assert_array_equal(roots[:, 3], [0, 0])


def test_rows_are_as_far_out_as_their_residual_is_long():
    X, y, _ = make_shortcut_classification(50, n_features=3, random_state=0)
    p = np.random.default_rng(0).uniform(0.1, 0.9, 50)
    joined = join(X, np.log(np.column_stack([1 - p, p])))
    Z = KnownLogits(joined, 2).embed(joined, y)
    wrong = np.where(y == 1, 1 - p, p)
    np.testing.assert_allclose(np.linalg.norm(Z, axis=1), np.sqrt(2) * wrong, rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_model_that_always_says_the_same_has_no_direction(n_classes):
    X = np.random.default_rng(0).normal(size=(30, 2))
    joined = join(X, np.full((30, n_classes), -np.log(n_classes)))
    known = KnownLogits(joined, n_classes)
    np.testing.assert_allclose(known.root_weights(None, "head"), 0, atol=1e-12)
    np.testing.assert_allclose(known.probabilities(joined), 1 / n_classes)
