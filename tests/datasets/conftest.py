import io
from urllib.error import URLError

import numpy as np
import pytest

from skgroup.datasets import _remote_file


@pytest.fixture
def untouched_global_state():
    """Fail if the test has drawn from numpy's global generator."""
    _, key, position, *_ = np.random.get_state()
    key = key.copy()
    yield
    _, key_after, position_after, *_ = np.random.get_state()
    assert position_after == position
    np.testing.assert_array_equal(key_after, key)


class Response(io.BytesIO):
    """What an opener returns: bytes that were promised to be so many."""

    def __init__(self, content, length=None):
        super().__init__(content)
        self.headers = {} if length is None else {"Content-Length": str(length)}


@pytest.fixture
def web(monkeypatch):
    """Addresses that can be opened, with what they send; and those that were asked for."""
    pages, asked = {}, []

    def open_url(url):
        asked.append(url)
        if url not in pages:
            raise URLError("no network")
        page = pages[url]
        return Response(page, len(page)) if isinstance(page, bytes) else page

    monkeypatch.setattr(_remote_file, "open_url", open_url)
    pages["asked"] = asked
    return pages


@pytest.fixture
def response():
    """Makes what an address sends, with a length that may be promised wrongly."""
    return Response
