import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from skgroup import ErrorGroupInferrer, GroupDROClassifier
from skgroup.auditing._alternatives import Candidate
from skgroup.auditing._hold_out import folds_of, hold_out_rows
from skgroup.auditing._study import Seeds, Study
from skgroup.auditing._subject import Subject
from skgroup.datasets import make_shortcut_classification

X, Y, G = make_shortcut_classification(300, n_features=4, agreement=0.9, random_state=0)
CODES = Y.astype(np.int64)
LEARN, JUDGE = hold_out_rows(CODES, None, 0.3, np.random.RandomState(0))


def study(model, groups=None, y=Y):
    subject = Subject.check(model, X, y, groups)
    return Study(subject, LEARN, JUDGE, Seeds(1, 2, 3, 4, 5, 6), None)


def test_the_model_is_fitted_on_the_rows_to_learn_from():
    model = LogisticRegression()
    work = study(model)
    fitted = work.fit_subject()
    expected = LogisticRegression().fit(X[LEARN], Y[LEARN])
    np.testing.assert_array_equal(fitted.coef_, expected.coef_)
    np.testing.assert_array_equal(work.predict(fitted), expected.predict(X[JUDGE]))


def test_a_fitted_model_is_left_as_it_is():
    model = LogisticRegression().fit(X[:50], Y[:50])
    work = study(model)
    assert work.fit_subject() is model
    logits = work.logits(model, everywhere=True)
    np.testing.assert_allclose(np.exp(logits), np.maximum(model.predict_proba(X), 1e-3), atol=2e-3)


def test_no_row_is_judged_by_a_model_that_has_seen_it():
    # A full tree is right about every row that it was fitted on, and surely so.
    model = DecisionTreeClassifier(random_state=1)
    work = study(model)
    logits = work.logits(work.fit_subject(), everywhere=True)
    said = logits.argmax(axis=1)
    assert 0 < np.mean(said[LEARN] != Y[LEARN]) < 0.5
    for seed, (part, rest) in enumerate(folds_of(CODES, LEARN, 2), start=1):
        own = DecisionTreeClassifier(random_state=1).fit(X[part], Y[part])
        np.testing.assert_array_equal(said[rest], own.predict(X[rest]), str(seed))
    own = DecisionTreeClassifier(random_state=1).fit(X[LEARN], Y[LEARN])
    np.testing.assert_array_equal(said[JUDGE], own.predict(X[JUDGE]))


def test_with_known_groups_only_the_rows_to_judge_on_are_predicted():
    work = study(LogisticRegression(), G)
    logits = work.logits(work.fit_subject(), everywhere=False)
    assert np.isnan(logits[LEARN]).all()
    assert np.isfinite(logits[JUDGE]).all()
    found = work.describe(logits, G, [0, 1, 2, 3])
    assert sum(d.size for d in found) == len(JUDGE)
    assert set(found[0].typical) <= set(JUDGE.tolist())


def test_labels_to_judge_on_have_no_say_in_the_groups():
    groups = []
    for turned in (False, True):
        y = Y.copy()
        if turned:
            y[JUDGE] = 1 - y[JUDGE]
        work = Study(
            Subject.check(LogisticRegression(), X, y, None),
            LEARN,
            JUDGE,
            Seeds(1, 2, 3, 4, 5, 6),
            1,
        )
        _, _, found = work.infer(None, work.logits(work.fit_subject(), everywhere=True))
        groups.append(found)
    np.testing.assert_array_equal(groups[0][LEARN], groups[1][LEARN])


def test_an_inferrer_of_the_caller_is_cloned_and_reads_encoded_columns():
    inferrer = ErrorGroupInferrer("least_confident", minority_share=0.2)
    fitted, read, groups = study(LogisticRegression()).infer(inferrer, np.empty((300, 2)))
    assert not hasattr(inferrer, "groups_")
    expected = ErrorGroupInferrer("least_confident", minority_share=0.2).fit(X[LEARN], Y[LEARN])
    np.testing.assert_array_equal(groups[LEARN], expected.groups_)
    np.testing.assert_array_equal(groups[JUDGE], expected.predict(X[JUDGE], Y[JUDGE]))
    assert read.shape == X.shape
    assert fitted.n_groups_ == 4


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_alternatives_learn_from_the_groups_of_their_rows(n_jobs):
    work = study(LogisticRegression(), G)
    work.n_jobs = n_jobs
    network = GroupDROClassifier(max_epochs=2, random_state=0)
    plain = LogisticRegression()
    found = work.fit_alternatives([Candidate("a", network), Candidate("b", plain)], G)
    expected = GroupDROClassifier(max_epochs=2, random_state=0)
    expected.fit(X[LEARN], Y[LEARN], groups=G[LEARN])
    np.testing.assert_array_equal(found["a"], expected.predict(X[JUDGE]))
    np.testing.assert_array_equal(
        found["b"], LogisticRegression().fit(X[LEARN], Y[LEARN]).predict(X[JUDGE])
    )


def test_a_method_that_got_no_groups_is_a_finding():
    work = study(GroupDROClassifier(max_epochs=1))
    work.fit_subject()
    assert [f.kind for f in work.findings] == ["trained without groups"]
    work = study(GroupDROClassifier(max_epochs=1), G)
    work.fit_subject()
    assert work.findings == []


def test_stability_is_that_of_the_rows_to_learn_from():
    work = study(LogisticRegression())
    logits = work.logits(work.fit_subject(), everywhere=True)
    inferrer, read, _ = work.infer(None, logits)
    found = work.test_stability(inferrer, read, n_refits=2, n_null=0)
    assert found.class_sizes.tolist() == np.bincount(Y[LEARN]).tolist()
    assert found.ari.shape == (2,)
