import numpy as np
import pytest

from skgroup.inspection import Stability


def report(**changes):
    values = {
        "classes": np.array(["a", "b"]),
        "class_sizes": np.array([30, 10]),
        "subsample": 0.8,
        "class_ari": np.array([[1.0, 0.0], [0.6, 0.4]]),
        "pair_class_ari": np.array([[0.5, 0.1]]),
        "seed_class_ari": np.array([[1.0, 1.0]]),
        "n_groups": np.array([4, 3]),
        "seed_n_groups": np.array([4]),
        "silhouettes": np.array([0.7, np.nan]),
        "label_p_value": 0.03,
        "p_values": np.array([0.01, np.nan]),
        "gap_p_values": np.array([0.4, np.nan]),
    }
    return Stability(**values | changes)


def test_means_over_classes_go_by_their_size():
    found = report()
    assert found.ari == pytest.approx([0.75, 0.55])
    assert found.mean_ari == pytest.approx(0.65)
    assert found.std_ari == pytest.approx(0.1)
    assert found.pair_ari == pytest.approx([0.4])
    assert found.seed_ari == pytest.approx([1.0])


def test_the_largest_p_value_counts():
    assert (report().p_value, report().gap_p_value) == (0.01, 0.4)
    assert report(p_values=np.array([0.01, 0.3])).p_value == 0.3
    assert np.isnan(report(p_values=np.full(2, np.nan)).p_value)


def test_a_row_a_class():
    frame = report().to_frame().set_index("class")
    assert frame.loc["a"].round(6).to_dict() == {
        "size": 30, "mean_ari": 0.8, "std_ari": 0.2, "pair_ari": 0.5, "seed_ari": 1.0,
        "silhouette": 0.7, "p_value": 0.01, "gap_p_value": 0.4,
    }  # fmt: skip
    assert frame.loc["b", ["silhouette", "p_value"]].isna().all()
    assert report(seed_class_ari=np.empty((0, 2))).to_frame()["seed_ari"].isna().all()


def test_in_words():
    assert str(report()).splitlines() == [
        "Within-class ARI with 2 refits on 80 % of the rows: 0.65 (sd 0.10); between two refits "
        "0.40, with other seeds 1.00. Groups in a refit: 3 to 4. p 0.03 (X says nothing of y).",
        "Class 'a': ARI 0.80, silhouette 0.70, p 0.01 (one cloud), p 0.40 (no gap).",
        "Class 'b': ARI 0.20, not tested.",
    ]
    assert "0.70, p 0.40 (no gap)." in str(report(p_values=np.full(2, np.nan)))
    alone = report(
        class_ari=np.ones((1, 2)), pair_class_ari=np.empty((0, 2)),
        seed_class_ari=np.empty((0, 2)), n_groups=np.array([4]), label_p_value=float("nan"),
    )  # fmt: skip
    assert str(alone).startswith(
        "Within-class ARI with 1 refit on 80 % of the rows: 1.00 (sd 0.00). Groups in a refit: 4.\n"
    )
