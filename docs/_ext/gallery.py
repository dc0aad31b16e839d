"""What sphinx-gallery asks back for; it wants names of functions, which can be stored."""

from pathlib import Path

SCRATCH = "../docs/_build/pictures"  # from the folder of the examples, where they run


def argv(gallery_conf, script_vars) -> list[str]:
    """Examples that keep their pictures put them where the build keeps all else."""
    keeps = "--output" in Path(script_vars["src_file"]).read_text(encoding="utf-8")
    return ["--output", SCRATCH] if keeps else []
