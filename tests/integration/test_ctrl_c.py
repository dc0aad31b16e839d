"""Ctrl-C wherever a fit may be: nothing is left half done, and the next fit is like the first."""

import os
import random
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_is_fitted

import skgroup
from skgroup import (
    DFRClassifier,
    EIILGroupInferrer,
    GradientGroupInferrer,
    GroupDROClassifier,
    JTTClassifier,
    SPAREClassifier,
)
from skgroup._random import _LOCK

PACKAGE = str(Path(skgroup.__file__).parent)
# Places in each fit where it is interrupted; all with SKGROUP_SOAK=1.
PLACES = None if os.environ.get("SKGROUP_SOAK") else 20
QUICK = {"hidden_layer_sizes": (4,), "max_epochs": 2, "random_state": 0}
STAGES = {"identification_epochs": 1, "early_stopping": True}


def inferrer():
    return GradientGroupInferrer(k=2, random_state=0)


MODELS = {
    "two stages": lambda folder: JTTClassifier(checkpoint_dir=folder, **STAGES, **QUICK),
    "clusters": lambda folder: SPAREClassifier(checkpoint_dir=folder, **STAGES, **QUICK),
    "last layer": lambda folder: DFRClassifier(checkpoint_dir=folder, n_retrains=2, **QUICK),
    "inferrer": lambda folder: inferrer(),
    "environments": lambda folder: EIILGroupInferrer(random_state=0),
    "pipeline": lambda folder: make_pipeline(
        inferrer(), GroupDROClassifier(checkpoint_dir=folder, **QUICK)
    ),
}


def fit(model, blobs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of data as small as these
        return model.fit(blobs.X, blobs.y)


def watched(run, on_call):
    """Run, and call `on_call` with the code of each function of skgroup that begins."""

    def profile(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            on_call(frame.f_code)

    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)


def calls_of(run):
    """The functions that are called, in order; each once."""
    codes = {}
    watched(run, lambda code: codes.setdefault(code))
    return list(codes)


def interrupt(run, where):
    def stop(code):
        if code is where:
            sys.setprofile(None)  # once only
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watched(run, stop)


def outcome(model, blobs):
    predict = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    return predict(blobs.X)


def assert_nothing_is_held():
    free = []

    def look():
        free.append(_LOCK.acquire(blocking=False))
        if free[0]:
            _LOCK.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert free == [True]


@pytest.mark.parametrize("name", MODELS)
def test_ctrl_c_leaves_nothing_half_done(name, blobs, tmp_path):
    make = MODELS[name]
    expected = outcome(fit(make(None), blobs), blobs)
    model = make(tmp_path / "all")
    places = calls_of(lambda: fit(model, blobs))
    chosen = random.Random(0).sample(places, PLACES or len(places))
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), torch.is_grad_enabled()
    for i, where in enumerate(chosen):
        folder = tmp_path / str(i)
        model = make(folder)
        interrupt(lambda: fit(model, blobs), where)  # noqa: B023
        assert torch.equal(torch.get_rng_state(), before[0]), where
        assert np.array_equal(np.random.get_state()[1], before[1]), where
        assert torch.is_grad_enabled() == before[2], where
        assert_nothing_is_held()
        assert [path for path in folder.glob("*") if path.suffix != ".pt"] == [], where
        try:
            check_is_fitted(model)
        except NotFittedError:
            with pytest.raises(NotFittedError):
                outcome(model, blobs)
        else:
            assert np.isfinite(outcome(model, blobs)).all(), where
        np.testing.assert_array_equal(outcome(fit(model, blobs), blobs), expected)
        assert list(folder.glob("*")) == [], where
