import numpy as np
import pytest
from scipy.stats import norm

from skgroup.datasets import make_shortcut_classification


def values(column, strength, n_classes):
    """The value whose centre is nearest; exact when the strength dwarfs the noise."""
    return np.rint((column / strength + n_classes - 1) / 2).astype(int)


@pytest.mark.parametrize(
    ("n_classes", "agreement", "expected"),
    [
        (2, 0.95, [[475, 25], [25, 475]]),
        (2, 0.0, [[0, 500], [500, 0]]),
        (4, 0.85, [[212, 13, 13, 12], [12, 212, 13, 13], [13, 12, 212, 13], [13, 13, 12, 212]]),
    ],
)
def test_groups_are_class_times_shortcut_with_exact_agreement(n_classes, agreement, expected):
    _, y, groups = make_shortcut_classification(
        1000, n_classes=n_classes, agreement=agreement, random_state=0
    )
    assert (
        np.bincount(groups, minlength=n_classes**2).reshape(n_classes, n_classes).tolist()
        == expected
    )
    np.testing.assert_array_equal(groups // n_classes, y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_columns_are_core_then_shortcut_then_noise(n_classes):
    X, y, groups = make_shortcut_classification(
        3000, n_classes=n_classes, n_features=6, n_core=2, n_shortcut=3,
        core_strength=100, shortcut_strength=200, agreement=0.8, random_state=0,
    )  # fmt: skip
    for column in X[:, :2].T:
        np.testing.assert_array_equal(values(column, 100, n_classes), y)
    for column in X[:, 2:5].T:
        np.testing.assert_array_equal(values(column, 200, n_classes), groups % n_classes)
    code = 2 * np.column_stack([y] * 2 + [groups % n_classes] * 3) - (n_classes - 1)
    noise = np.column_stack([X[:, :5] - [100, 100, 200, 200, 200] * code, X[:, 5]])
    # mean and covariance of 3,000 standard normal rows, to six standard errors
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=6 / np.sqrt(3000))
    np.testing.assert_allclose(np.cov(noise.T), np.eye(6), atol=6 * np.sqrt(2 / 3000))


def test_strength_zero_is_noise():
    silent = {"core_strength": 0, "shortcut_strength": 0, "random_state": 0}
    X, _, _ = make_shortcut_classification(**silent)
    other, _, _ = make_shortcut_classification(agreement=0.1, label_noise=0.3, **silent)
    np.testing.assert_array_equal(X, other)


@pytest.mark.parametrize(("n_core", "strength"), [(1, 1.0), (4, 0.5), (3, 0.2)])
def test_accuracy_of_the_core_is_the_stated_one(n_core, strength):
    X, y, groups = make_shortcut_classification(
        20_000, n_core=n_core, core_strength=strength, random_state=0
    )
    correct = (X[:, :n_core].sum(axis=1) > 0) == y
    expected = norm.cdf(np.sqrt(n_core) * strength)
    for group in range(4):
        n_g = np.count_nonzero(groups == group)
        assert correct[groups == group].mean() == pytest.approx(expected, abs=2.5 / np.sqrt(n_g))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_label_noise_leaves_the_core_and_takes_the_shortcut_along(n_classes):
    options = {"n_classes": n_classes, "core_strength": 100, "shortcut_strength": 100}
    clean, clean_y, _ = make_shortcut_classification(900, random_state=5, **options)
    X, y, groups = make_shortcut_classification(900, label_noise=0.1, random_state=5, **options)
    np.testing.assert_array_equal(X[:, 0], clean[:, 0])
    np.testing.assert_array_equal(values(X[:, 0], 100, n_classes), clean_y)
    assert np.count_nonzero(y != clean_y) == 90
    shortcut = values(X[:, 1], 100, n_classes)
    np.testing.assert_array_equal(groups, n_classes * y + shortcut)
    for c in range(n_classes):
        assert np.count_nonzero(shortcut[y == c] == c) == round(0.95 * np.count_nonzero(y == c))


def test_train_and_test_share_the_geometry_and_no_row():
    options = {"n_classes": 3, "core_strength": 1000, "shortcut_strength": 1000, "random_state": 0}
    train, y_train, _ = make_shortcut_classification(2000, **options)
    test, y_test, _ = make_shortcut_classification(2000, agreement=1 / 3, subset="test", **options)
    for c in range(3):
        # means of some 660 rows with noise 1 in core units of 1,000
        gap = train[y_train == c, 0].mean() - test[y_test == c, 0].mean()
        assert abs(gap) < 6 * np.sqrt(2 / 660)
    assert len(np.intersect1d(train[:, 2:], test[:, 2:])) == 0


def test_classes_are_balanced():
    _, y, _ = make_shortcut_classification(11, n_classes=3, random_state=0)
    assert np.bincount(y).tolist() == [4, 4, 3]


@pytest.mark.usefixtures("untouched_global_state")
def test_same_seed_same_data_and_no_global_state():
    first = make_shortcut_classification(label_noise=0.1, random_state=1)
    second = make_shortcut_classification(label_noise=0.1, random_state=1)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    make_shortcut_classification()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"n_features": 3, "n_core": 2, "n_shortcut": 2},
            "n_features=3 leaves no room for n_core=2 and n_shortcut=2 .* at least 4",
        ),
        ({"n_classes": 1}, r"'n_classes' .* range \[2, inf\)\. Got 1"),
        ({"agreement": 1.01}, r"'agreement' .* range \[0.0, 1.0\]\. Got 1.01"),
        ({"label_noise": -0.1}, r"'label_noise' .* range \[0.0, 1.0\]\. Got -0.1"),
        ({"core_strength": -1}, r"'core_strength' .* range \[0.0, inf\)\. Got -1"),
        ({"n_core": 0}, r"'n_core' .* range \[1, inf\)\. Got 0"),
        ({"subset": "dev"}, "'subset' .* Got 'dev'"),
    ],
)
def test_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_shortcut_classification(**parameters)
