import subprocess
import sys

import skgroup


def test_the_package_is_a_command():
    def run(*arguments):
        command = [sys.executable, "-m", "skgroup", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert run("--version").stdout == f"skgroup {skgroup.__version__}\n"
    refused = run("infer", "no.csv", "--target", "y")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "skgroup: error: there is no file no.csv.\n"
