import numpy as np
import pytest

from skgroup.clustering import class_silhouette
from skgroup.clustering._choose_density import choose_density
from skgroup.displays._settings_map import (
    density_map,
    find_column,
    score_column,
    table_map,
)

RNG = np.random.default_rng(0)


def test_cells_are_the_best_of_the_candidates_with_their_values():
    found = table_map(
        [10, 2, 2, 10], ["b", "a", "a", None], [0.1, 0.2, 0.4, np.nan], aggregate="max", best=None
    )
    assert found.columns == ["2", "10"]
    assert found.rows == ["None", "a", "b"]
    expected = [[np.nan, np.nan], [0.4, np.nan], [np.nan, 0.1]]
    np.testing.assert_array_equal(found.scores, expected)
    assert found.marked == (1, 0)
    mean = table_map([2, 2], [1, 1], [0.2, 0.4], aggregate="mean", best=1)
    assert mean.scores[0, 0] == pytest.approx(0.3)
    assert mean.marked == (0, 0)


def test_the_marked_cell_is_that_of_the_chosen_candidate():
    found = table_map([1, 2], ["x", "y"], [0.9, 0.1], aggregate="max", best=1)
    assert found.marked == (1, 1)
    nothing = table_map([1], ["x"], [np.nan], aggregate="max", best=None)
    assert nothing.marked is None


def test_numbers_come_first_and_in_order():
    found = table_map([0.1, "auto", 1e-5, True], [1] * 4, [1] * 4, aggregate="max", best=None)
    assert found.columns == ["1e-05", "0.1", "True", "auto"]


def test_columns_are_found_under_the_names_of_searches():
    results = {"param_a": 1, "param_step__b": 2, "c": 3, "param_x__d": 4, "param_y__d": 5}
    assert [find_column(results, name) for name in ("a", "b", "c", "x__d")] == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="several columns for 'd': name one of"):
        find_column(results, "d")
    with pytest.raises(ValueError, match="no column for 'eps'"):
        find_column(results, "eps")


def test_scores_are_found_by_name():
    assert score_column({"mean_test_score": 1, "score": 2}, "auto") == ("score", 1)
    assert score_column({"mean_test_worst": 1}, "worst") == ("worst", 1)
    assert score_column({"score": 2}, "auto") == ("score", 2)
    with pytest.raises(ValueError, match="no score 'mean_test_score' or 'score'"):
        score_column({"a": 1}, "auto")


def unit_rows(n):
    angles = np.concatenate([RNG.normal(0, 0.2, n), RNG.normal(2, 0.4, n), RNG.uniform(0, 6, 5)])
    return np.column_stack([np.cos(angles), np.sin(angles)])


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_chosen_settings_have_the_best_silhouette(scale):
    Z = scale * unit_rows(60)
    eps, count = choose_density(
        Z, "dbscan", eps=None, min_samples=None, min_share=0.01, n_rows=len(Z)
    )
    found = density_map("a", Z, {"eps": eps, "min_samples": count}, min_share=0.01)
    assert found.scores.shape == (len(found.rows), len(found.columns))
    assert found.scores[found.marked] == pytest.approx(np.nanmax(found.scores), abs=1e-12)
    i, j = found.marked
    assert found.rows[i] == str(count)
    assert float(found.columns[j]) == pytest.approx(eps, rel=1e-3)


def test_cells_are_silhouettes_of_dbscan():
    from sklearn.cluster import DBSCAN

    Z = unit_rows(40)
    found = density_map("a", Z, {"eps": None, "min_samples": None}, min_share=0)
    assert found.marked is None
    for i, count in enumerate(found.rows):
        for j, eps in enumerate(found.columns):
            model = DBSCAN(eps=np.sqrt(2 * float(eps)), min_samples=int(count)).fit(Z)
            expected = class_silhouette(Z, model.labels_)
            expected = np.nan if expected == -1 else expected
            assert found.scores[i, j] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_settings_of_the_user_are_tried_beside_the_others():
    found = density_map("a", unit_rows(40), {"eps": 0.123, "min_samples": 7}, min_share=0.01)
    i, j = found.marked
    assert (found.rows[i], found.columns[j]) == ("7", "0.123")
    assert list(map(int, found.rows)) == sorted(map(int, found.rows))
    assert list(map(float, found.columns)) == sorted(map(float, found.columns))


def test_a_single_row_has_nothing_to_try():
    found = density_map("a", np.ones((1, 2)), {"eps": None, "min_samples": None}, min_share=0.01)
    assert np.isnan(found.scores).all()
