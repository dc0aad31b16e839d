import numpy as np
import pytest
from scipy import sparse

from skgroup.inspection._rules import Condition, Rule, find_rules

NAMES = np.array(["age", "priors", "sex_Female"], dtype=object)
BINARY = np.array([False, False, True])


def rules_of(X, member, held_out, depth=3):
    return find_rules(X, member, held_out, NAMES, BINARY, max_depth=depth, seed=0)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(20, 60, 200), rng.integers(0, 9, 200), rng.random(200) < 0.5])
    return X.astype(np.float64), rng.permutation(200) < 100


def test_a_planted_rule_is_found(rows):
    X, held_out = rows
    rule, *others = rules_of(X, (X[:, 0] > 40) & (X[:, 2] == 1), held_out)
    assert others == []
    assert {str(c) for c in rule.conditions} == {"age > 40.5", "sex_Female = 1"}
    assert (rule.precision, rule.recall) == (1, 1)
    assert "(precision 1.00, recall 1.00)" in str(rule)


def test_figures_are_those_of_the_held_out_rows(rows):
    X, held_out = rows
    noise = np.random.default_rng(1).random(200) < 0.2
    member = (X[:, 1] > 5) ^ noise
    rules = rules_of(X, member, held_out)
    assert rules
    for rule in rules:
        met = np.ones(200, dtype=bool)
        for c in rule.conditions:
            met &= X[:, c.column] > c.threshold if c.above else X[:, c.column] <= c.threshold
        met, members = met[held_out], member[held_out]
        assert rule.n_rows == met.sum()
        assert rule.precision == (met & members).sum() / met.sum()
        assert rule.recall == (met & members).sum() / members.sum()


def test_a_rule_that_no_held_out_row_meets_is_none():
    X = np.column_stack([np.r_[np.arange(20.0), np.zeros(20)], np.zeros((40, 2))])
    held_out = np.arange(40) >= 20
    member = np.isin(np.arange(40), [16, 17, 18, 19, 39])
    assert rules_of(X, member, held_out) == ()
    X[39, 0] = 19
    (rule,) = rules_of(X, member, held_out)
    assert (rule.precision, rule.recall, rule.n_rows) == (1, 1, 1)


def test_a_rule_that_fits_by_chance_is_found_out(rows):
    X, held_out = rows
    member = np.random.default_rng(3).random(200) < 0.3
    found = rules_of(X, member, held_out)
    fitted = rules_of(X, member, ~held_out)  # the same figures where the tree was not grown
    assert found
    assert found != fitted
    assert max(rule.precision for rule in found) < 0.6


def test_members_on_both_sides_of_a_test_need_no_test():
    # The only column that says anything is the second; any further split would say nothing.
    X = np.column_stack([np.arange(40.0), np.arange(40) % 2, np.zeros(40)])
    held_out = np.arange(40) >= 20
    (rule,) = rules_of(X, X[:, 1] == 1, held_out)
    assert list(map(str, rule.conditions)) == ["priors > 0.5"]


def test_of_several_tests_on_one_side_the_tightest_is_told():
    x = np.tile(np.arange(20.0), 4)
    X = np.column_stack([x, np.zeros(80), np.zeros(80)])
    (rule,) = rules_of(X, (x > 5) & (x <= 9), np.arange(80) >= 40)
    assert sorted(map(str, rule.conditions)) == ["age <= 9.5", "age > 5.5"]


def test_dense_and_sparse_rows_give_the_same_rules(rows):
    X, held_out = rows
    member = X[:, 0] - 3 * X[:, 1] > 25
    assert rules_of(sparse.csr_matrix(X), member, held_out) == rules_of(X, member, held_out)


def test_no_rule_where_a_half_lacks_members_or_others(rows):
    X, held_out = rows
    assert rules_of(X, held_out, held_out) == ()
    assert rules_of(X, np.ones(200, dtype=bool), held_out) == ()


def test_columns_that_say_nothing_give_no_rule():
    member = np.arange(40) % 4 == 0
    assert rules_of(np.zeros((40, 3)), member, np.arange(40) < 20) == ()


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition("age", 0, True, 3.5), "age > 3.5"),
        (Condition("age", 0, False, 12345.5), "age <= 12345.5"),
        (Condition("age", 0, False, 0.123456), "age <= 0.1235"),
        (Condition("sex", 0, False, 0.5, binary=True), "sex = 0"),
        (Condition("sex", 0, True, 0.5, binary=True), "sex = 1"),
    ],
)
def test_in_words(condition, text):
    assert str(condition) == text


@pytest.mark.parametrize("as_format", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_which_rows_match(as_format):
    X = as_format(np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 0.0]]))
    above, below = Condition("a", 0, True, 1.5), Condition("b", 1, False, 0.5)
    assert above.matches(X).tolist() == [False, True, True]
    assert Rule((above, below), 1.0, 1.0, 1).matches(X).tolist() == [False, False, True]
