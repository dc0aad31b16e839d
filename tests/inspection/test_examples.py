import numpy as np

from skgroup.inspection._examples import Examples, pick_examples


def test_by_hand():
    # Centroids 1 and 10. Rows 0 and 1 are both 9 nearer to their own than to the other.
    Z = np.array([0.0, 1.0, 2.0, 10.0, 30.0, -7.0, 9.0, 11.0, 10.0])[:, None]
    labels = np.array([0, 0, 0, 1, -1, -1, 1, 1, 1])
    found = pick_examples(Z, labels, np.arange(9), 2)
    assert found[0] == Examples(typical=(1, 0), borderline=(2, 0))
    assert found[1] == Examples(typical=(3, 8), borderline=(6, 3))
    assert found[-1] == Examples(extreme=(4, 5))


def test_against_brute_force():
    rng = np.random.default_rng(0)
    Z, labels = rng.normal(size=(90, 4)), rng.integers(-1, 3, 90)
    rows = np.sort(rng.permutation(90)[:60])
    found = pick_examples(Z, labels[rows], rows, 7)
    own = {g: [i for i in rows if labels[i] == g] for g in (-1, 0, 1, 2)}
    centroid = {g: np.mean([Z[i] for i in own[g]], axis=0) for g in (0, 1, 2)}

    def distance(i, g):
        return np.linalg.norm(Z[i] - centroid[g])

    def margin(i, g):
        return min(distance(i, h) for h in centroid if h != g) - distance(i, g)

    for g in centroid:
        assert found[g].typical == tuple(sorted(own[g], key=lambda i, g=g: distance(i, g))[:7])
        assert found[g].borderline == tuple(sorted(own[g], key=lambda i, g=g: margin(i, g))[:7])
        assert found[g].extreme == ()
    nearest = {i: min(distance(i, g) for g in centroid) for i in own[-1]}
    assert found[-1].extreme == tuple(sorted(own[-1], key=lambda i: -nearest[i])[:7])


def test_a_single_group_has_no_border():
    found = pick_examples(np.arange(3.0)[:, None], np.zeros(3, int), np.arange(3), 1)
    assert found == {0: Examples(typical=(1,)), -1: Examples()}


def test_outliers_without_any_group_have_nothing_to_be_far_from():
    assert pick_examples(np.arange(3.0)[:, None], np.full(3, -1), np.arange(3), 1) == {
        -1: Examples()
    }
