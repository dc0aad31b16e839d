import numpy as np
import pytest


@pytest.fixture
def untouched_global_state():
    """Fail if the test has drawn from numpy's global generator."""
    _, key, position, *_ = np.random.get_state()
    key = key.copy()
    yield
    _, key_after, position_after, *_ = np.random.get_state()
    assert position_after == position
    np.testing.assert_array_equal(key_after, key)
