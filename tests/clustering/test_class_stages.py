import numpy as np
import pytest

from skgroup.clustering._class_stages import NoSplit, Stage, count_distinct, fit_stages


class Intervals:
    """Labels by the interval that a number falls into, below the first: noise."""

    def __init__(self, *edges):
        self.edges = edges

    def predict(self, Z):
        return np.searchsorted(self.edges, Z[:, 0], side="right") - 1


def in_turn(*models):
    """A fit that gives one model after the other."""
    waiting = list(models)

    def fit(Z):
        model = waiting.pop(0)
        return model, model.predict(Z)

    fit.waiting = waiting
    return fit


def numbers(*values):
    return np.array(values, float)[:, None]


def stages_of(Z, fit, *, needed=2, min_share=0.2, small_clusters="outlier", repeat=True):
    return fit_stages(
        Z, fit, needed=needed, min_share=min_share, small_clusters=small_clusters, repeat=repeat
    )


def test_raw_labels_become_groups_without_gaps():
    stage = Stage(None, np.array([2, 5, 9]), np.array([0, 1, 0]))
    assert stage.rename(np.array([-1, 0, 2, 3, 5, 9, 10])).tolist() == [-1, -1, 0, -1, 1, 0, -1]


def test_one_stage_when_no_cluster_is_small():
    labels, stages = stages_of(numbers(1, 2, 3, 11, 12), in_turn(Intervals(0, 10)))
    assert labels.tolist() == [0, 0, 0, 1, 1]
    assert len(stages) == 1


def test_small_clusters_are_set_aside_until_none_is_small():
    Z = numbers(1, 2, 3, 4, 5, 6, 7, 8, 100, 1000)
    fit = in_turn(Intervals(0, 500), Intervals(0, 50), Intervals(0, 5))
    labels, stages = stages_of(Z, fit)
    assert labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, -1, -1]
    assert [stage.ids.tolist() for stage in stages] == [[0], [0], [0, 1]]


def test_small_is_below_the_share_of_the_whole_class():
    # 7 of 100 are not below .07, though .07 * 100 is more than 7 in floating point.
    Z = np.arange(100.0)[:, None]
    labels, _ = stages_of(Z, in_turn(Intervals(0, 93)), min_share=0.07)
    assert np.bincount(labels).tolist() == [93, 7]
    labels, _ = stages_of(Z, in_turn(Intervals(0, 93), Intervals(0, 50)), min_share=0.0701)
    assert np.bincount(labels + 1).tolist() == [7, 50, 43]


def test_large_clusters_stand_when_the_rest_cannot_be_split_again():
    fit = in_turn(Intervals(0, 5, 10), Intervals(0))
    labels, _ = stages_of(numbers(1, 1, 1, 6, 6, 6, 11), fit, needed=3)
    assert labels.tolist() == [0, 0, 0, 1, 1, 1, -1]
    assert len(fit.waiting) == 1


def test_noise_ends_it():
    fit = in_turn(Intervals(0, 5, 10), Intervals(0))
    labels, _ = stages_of(numbers(-9, 1, 2, 3, 6, 7, 11), fit)
    assert labels.tolist() == [-1, 0, 0, 0, 1, 1, -1]
    assert len(fit.waiting) == 1


def test_no_second_round_unless_asked():
    fit = in_turn(Intervals(0, 10), Intervals(0))
    labels, stages = stages_of(numbers(1, 2, 3, 4, 5, 11), fit, repeat=False)
    assert labels.tolist() == [0, 0, 0, 0, 0, -1]
    assert len(stages) == 1


def test_small_clusters_join_the_nearest_large_centroid():
    # Centroids 2, 12.5 and 100.5; the small ones lie at 9, 14 and 40.
    Z = numbers(1, 2, 3, 12, 13, 100, 101, 9, 14, 40)
    fit = in_turn(Intervals(0, 8, 10, 13.5, 30, 90))
    labels, stages = stages_of(Z, fit, small_clusters="merge")
    assert labels.tolist() == [0, 0, 0, 1, 1, 2, 2, 1, 1, 1]
    assert stages[0].rename(np.arange(6)).tolist() == [0, 1, 1, 1, 1, 2]


def test_noise_stays_noise():
    labels, stages = stages_of(numbers(-9, 1, 2, 3, 4, 11), in_turn(Intervals(0, 10)))
    assert labels.tolist() == [-1, 0, 0, 0, 0, -1]
    assert stages[0].assign(numbers(-1, 1, 12)).tolist() == [-1, 0, -1]


def test_merged_noise_joins_the_nearest_large_centroid():
    # Centroids 2 and 9; the small cluster lies at 20, noise at -9 and below -20.
    class Gaps(Intervals):
        def predict(self, Z):
            raw = super().predict(Z)
            return np.where((raw == 1) | (raw == 3), -1, raw)

    Z = numbers(-9, 1, 2, 3, 5, 6, 8, 9, 10, 14, 20)
    labels, stages = stages_of(Z, in_turn(Gaps(0, 4, 7, 13, 18)), small_clusters="merge")
    assert labels.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    (stage,) = stages
    assert stage.centroids.tolist() == [[2], [9]]
    assert stage.assign(Z).tolist() == labels.tolist()
    assert stage.assign(numbers(-99, 5.4, 5.6, 99)).tolist() == [0, 0, 1, 1]


def test_noise_joins_no_small_cluster():
    # Noise at 12, next to the small cluster at 11 that is itself merged into the one at 2.
    Z, raw = numbers(1, 2, 3, 11, 12, 30, 31, 32), np.array([0, 0, 0, 1, -1, 2, 2, 2])
    labels, _ = stages_of(Z, lambda _: (None, raw), small_clusters="merge")
    assert labels.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("values", "needed", "model", "reason"),
    [
        ((1, 1, 1), 2, None, "it has 1 distinct row, fewer than the 2 needed"),
        ((1, 2, 2), 3, None, "it has 2 distinct rows, fewer than the 3 needed"),
        ((1, 2, 3), 2, Intervals(9), "all its rows are noise"),
        ((1, 2, 3), 2, Intervals(0, 1.5, 2.5), "none of its clusters has 0.5 of its 3 rows"),
    ],
)
def test_reasons_for_no_split(values, needed, model, reason):
    with pytest.raises(NoSplit) as caught:
        stages_of(numbers(*values), in_turn(model), needed=needed, min_share=0.5)
    assert str(caught.value) == reason


def test_distinct_rows_are_counted_up_to_a_limit():
    Z = np.array([[1.0, 2.0], [1.0, 3.0], [1.0, 2.0], [0.0, 2.0]])
    assert [count_distinct(Z, most) for most in range(5)] == [0, 1, 2, 3, 3]
