import numpy as np
import pytest
from sklearn.datasets import load_digits

from skgroup.datasets import make_colored_digits

ROWS = {"train": slice(0, 1078), "validation": slice(1078, 1437), "test": slice(1437, 1797)}


@pytest.mark.parametrize("subset", ROWS)
def test_pixels_are_the_digits_of_the_subset_in_file_order(subset):
    X, y, groups = make_colored_digits(subset=subset, as_images=True, random_state=0)
    digits = load_digits()
    rows = ROWS[subset]
    color = groups % 2
    assert (X.dtype, X.shape[1:]) == (np.float32, (3, 8, 8))
    np.testing.assert_array_equal(y, digits.target[rows] >= 5)
    np.testing.assert_array_equal(X[np.arange(len(X)), color], digits.images[rows] / 16)
    assert not X[np.arange(len(X)), 1 - color].any()
    assert not X[:, 2].any()
    assert (X.min(), X.max()) == (0, 1)


def test_ten_colours_are_distinct_and_red_and_green_come_first():
    X, y, groups = make_colored_digits(n_classes=10, as_images=True, random_state=0)
    digits = load_digits()
    np.testing.assert_array_equal(y, digits.target[:1078])
    grey = digits.images[:1078] / 16
    colors = np.zeros((10, 3))
    for c in range(10):
        of_c = groups % 10 == c
        colors[c] = X[of_c].max(axis=(0, 2, 3))
        expected = grey[of_c][:, None] * colors[c][:, None, None]
        np.testing.assert_array_equal(X[of_c], expected)
    assert len(np.unique(colors, axis=0)) == 10
    assert colors[:2].tolist() == [[1, 0, 0], [0, 1, 0]]


def test_flat_rows_are_the_images_reshaped():
    images, y, groups = make_colored_digits(as_images=True, random_state=0)
    flat, same_y, same_groups = make_colored_digits(random_state=0)
    np.testing.assert_array_equal(flat, images.reshape(1078, 192))
    np.testing.assert_array_equal(y, same_y)
    np.testing.assert_array_equal(groups, same_groups)


@pytest.mark.parametrize(
    ("subset", "agreement", "expected"),
    [
        ("train", 0.95, [511, 27, 27, 513]),  # 538 and 540 digits
        ("validation", 1.0, [183, 0, 0, 176]),
        ("test", 0.5, [90, 90, 90, 90]),
        ("test", 0.1, [18, 162, 162, 18]),
    ],
)
def test_group_sizes_by_hand(subset, agreement, expected):
    _, y, groups = make_colored_digits(subset=subset, agreement=agreement, random_state=0)
    assert np.bincount(groups, minlength=4).tolist() == expected
    np.testing.assert_array_equal(groups // 2, y)


@pytest.mark.parametrize("n_classes", [2, 10])
def test_label_noise_moves_labels_and_colours_but_not_shapes(n_classes):
    grey = load_digits().images[:1078] / 16
    _, clean_y, _ = make_colored_digits(n_classes=n_classes, random_state=0)
    X, y, groups = make_colored_digits(
        n_classes=n_classes, label_noise=0.25, as_images=True, random_state=0
    )
    assert np.count_nonzero(y != clean_y) == 270  # round(269.5), halves to even
    np.testing.assert_array_equal(X.max(axis=1), grey)
    agree = groups % n_classes == y
    for c in range(n_classes):
        assert np.count_nonzero(agree[y == c]) == round(0.95 * np.count_nonzero(y == c))


def test_seed_decides_colours_only():
    first, y, groups = make_colored_digits(as_images=True, random_state=0)
    again, _, _ = make_colored_digits(as_images=True, random_state=0)
    other, other_y, other_groups = make_colored_digits(as_images=True, random_state=1)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first.max(axis=1), other.max(axis=1))
    np.testing.assert_array_equal(y, other_y)
    assert (groups != other_groups).any()


@pytest.mark.usefixtures("untouched_global_state")
def test_none_draws_anew_without_the_global_state():
    first, second = (make_colored_digits()[2] for _ in range(2))
    assert (first != second).any()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_classes": 3}, "'n_classes' .* among {(2, 10|10, 2)}. Got 3"),
        ({"subset": "all"}, "'subset' .* Got 'all'"),
        ({"agreement": 2}, r"'agreement' .* range \[0.0, 1.0\]\. Got 2"),
        ({"label_noise": -1}, r"'label_noise' .* range \[0.0, 1.0\]\. Got -1"),
        ({"as_images": "yes"}, "'as_images' .* Got 'yes'"),
    ],
)
def test_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_colored_digits(**parameters)
