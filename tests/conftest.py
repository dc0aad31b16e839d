"""What every test starts from, and what none may leave behind."""

import sys

import hypothesis
import numpy as np
import pytest
import sklearn
import torch
from joblib.externals.loky import reusable_executor

# The same examples on every machine and no deadline: a slow machine is not a bug.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def same_start():
    """Seed the global generators, so that no result depends on which tests ran before."""
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def same_configuration():
    """Fail where a test, or the code that it calls, leaves global configuration changed."""

    def configuration():
        return sklearn.get_config(), np.get_printoptions(), np.geterr(), torch.get_default_dtype()

    before = configuration()
    yield
    assert configuration() == before


@pytest.fixture(autouse=True, scope="module")
def no_idle_workers():
    """End joblib's processes: when idle for minutes they end by themselves, and may lose a task."""
    yield
    if reusable_executor._executor is not None:
        reusable_executor._executor.shutdown(wait=True)


@pytest.fixture(autouse=True)
def closed_figures():
    """Close what a test plotted: matplotlib warns about many open figures."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
