import numpy as np
import pytest

from skgroup._order_by_code import order_by_code


@pytest.mark.parametrize("most", [1, 255, 256, 65_535, 65_536, 2**32])
def test_order_is_stable_whatever_type_holds_the_codes(most):
    codes = np.array([most, 0, most, 1, 0, most - 1])
    expected = sorted(range(6), key=lambda i: codes[i])
    assert order_by_code(codes).tolist() == expected


def test_codes_are_not_changed():
    codes = np.array([2, 0])
    order_by_code(codes)
    assert codes.tolist() == [2, 0]
    assert codes.dtype == np.int64
