import json

import pytest

from skgroup._optional import optional


def test_a_package_that_is_there():
    assert optional("json", "f", "extra") is json


def test_without_the_package_the_extra_that_brings_it_is_named():
    with pytest.raises(ImportError, match=r"f needs no_such, .* 'skgroup\[arrow\]'"):
        optional("no_such.part", "f", "arrow")
