"""The folder in which fetched data are kept."""

import os
from pathlib import Path
from typing import Any

VARIABLE = "SKGROUP_DATA"


def data_home_folder(data_home: Any = None) -> Path:
    """The given folder, or that of the environment, or one in the home folder; not created."""
    chosen = data_home if data_home is not None else os.environ.get(VARIABLE) or "~/skgroup_data"
    return Path(chosen).expanduser().absolute()
