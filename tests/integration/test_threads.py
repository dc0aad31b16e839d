import joblib
import numpy as np
import torch
from sklearn.model_selection import GridSearchCV

from skgroup import ERMClassifier


def threads_of_a_search(n_jobs, monkeypatch):
    """Torch threads of every fit in a grid search, seen by its scorer."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # joblib leaves alone what is set
        monkeypatch.delenv(name, raising=False)

    def score(estimator, X, y):  # local, so that it travels by value
        import torch

        return torch.get_num_threads()

    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    clf = ERMClassifier(max_epochs=1, random_state=0)
    grid = {"lr": [0.1, 0.01]}
    search = GridSearchCV(clf, grid, scoring=score, n_jobs=n_jobs, cv=2, refit=False)
    found = search.fit(X, y).cv_results_
    return {int(found[f"split{fold}_test_score"][i]) for fold in range(2) for i in range(2)}


def test_fits_side_by_side_share_the_cores(monkeypatch):
    before = torch.get_num_threads()
    assert threads_of_a_search(2, monkeypatch) == {max(1, joblib.cpu_count() // 2)}
    assert torch.get_num_threads() == before  # the user's own process keeps its threads


def test_a_single_fit_has_the_threads_of_the_process(monkeypatch):
    assert threads_of_a_search(1, monkeypatch) == {torch.get_num_threads()}
