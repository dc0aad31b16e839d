"""What every test starts from, and what none may leave behind."""

import os
import sys

import hypothesis
import numpy as np
import pytest
import sklearn
import torch
from joblib.externals.loky import reusable_executor

# The same examples on every machine and no deadline: a slow machine is not a bug. SKGROUP_SOAK=1
# looks at many more, and at other ones every time.
hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.register_profile(
    "soak", deadline=None, max_examples=2000, print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)  # fmt: skip
hypothesis.settings.load_profile("soak" if os.environ.get("SKGROUP_SOAK") else "house")


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
