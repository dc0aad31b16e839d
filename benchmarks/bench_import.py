"""Wall time of `import skgroup` against `import torch, sklearn` in new processes."""

import subprocess
import sys

from _harness import compare


def importing(names):
    return lambda: subprocess.run([sys.executable, "-c", f"import {names}"], check=True)


if __name__ == "__main__":
    compare(
        {
            "import torch, sklearn": importing("torch, sklearn"),
            "import skgroup": importing("skgroup"),
        },
        references=["import torch, sklearn"],
        repeats=11,
    )
