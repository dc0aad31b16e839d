"""On engines of several machines, found through joblib, results are those of a local run."""

import sys
import warnings

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skgroup import DFRClassifier, GradientGroupInferrer, GroupDROClassifier, GroupInferrerSearch
from skgroup.datasets import make_shortcut_classification
from skgroup.inspection import stability

X, Y, GROUPS = make_shortcut_classification(240, n_features=3, random_state=0)
INFERRER = GradientGroupInferrer(k=2, reference="linear", random_state=0)
GROUP_DRO = GroupDROClassifier(hidden_layer_sizes=(8,), max_epochs=3, random_state=0)
SLOW = pytest.mark.filterwarnings(
    # Workers of a full machine may be late or slow, which says nothing of the results.
    "ignore::UserWarning:distributed",
)


def search_pipelines():
    pipe = make_pipeline(INFERRER, GROUP_DRO)
    grid = {"gradientgroupinferrer__k": [2, 3], "groupdroclassifier__step_size": [0.0, 0.1]}
    search = GridSearchCV(pipe, grid, cv=2, n_jobs=2, error_score="raise").fit(X, Y)
    scores = [search.cv_results_[f"split{i}_test_score"] for i in range(2)]
    return [*scores, search.predict_proba(X)]


def groups_by_class():
    inferrer = INFERRER.__class__(k=None, reference="linear", n_jobs=2, random_state=0).fit(X, Y)
    return [inferrer.groups_, inferrer.embed(X, Y)]


def measure_stability():
    found = stability(
        INFERRER.__class__(k=2, reference="linear", random_state=0).fit(X, Y), X, Y,
        n_resamples=3, n_seeds=1, n_null=19, n_jobs=2, random_state=0,
    )  # fmt: skip
    return [found.class_ari, found.pair_class_ari, found.p_values, np.array(found.label_p_value)]


def choose_groups():
    candidates = [GradientGroupInferrer(k=k, reference="linear") for k in (2, 3)]
    search = GroupInferrerSearch(candidates, judge=GROUP_DRO, n_jobs=2, random_state=0).fit(X, Y)
    return [search.groups_, search.results_["score"], search.worst_groups_]


def retrain_last_layers():
    model = DFRClassifier(hidden_layer_sizes=(8,), max_epochs=2, random_state=0)
    return [model.fit(X, Y, GROUPS).predict_proba(X)]


JOBS = [search_pipelines, groups_by_class, measure_stability, choose_groups, retrain_last_layers]
each_job = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)


def outcome(job):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of chance; other tests look at those
        return job()


@pytest.fixture(scope="module")
def local():
    """What each job gives in this process alone."""
    with joblib.parallel_config(backend="sequential"):
        return {job: outcome(job) for job in JOBS}


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@each_job
def test_threads(job, local):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert_same(outcome(job), local[job])


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield


@pytest.mark.usefixtures("dask")
@SLOW
@each_job
def test_dask(job, local):
    with joblib.parallel_config(backend="dask", n_jobs=2):
        assert_same(outcome(job), local[job])


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray")
    joblib_of_ray = pytest.importorskip("ray.util.joblib")
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": ":".join(path for path in sys.path if path)}},
    )  # fmt: skip
    joblib_of_ray.register_ray()
    yield
    ray.shutdown()


@pytest.mark.usefixtures("ray")
@each_job
def test_ray(job, local):
    with joblib.parallel_config(backend="ray", n_jobs=2):
        assert_same(outcome(job), local[job])
