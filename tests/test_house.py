"""The rules of the house, checked on its source: layers, sizes, tests, docstrings, side effects.

Every rule names the file that breaks it. A rule gives way only in one of the tables below, with
the reason beside the exception.
"""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "skgroup"

# Scripts that remake bundled data are no part of the package, nor of the wheel.
SOURCES = [p for p in sorted(PACKAGE.rglob("*.py")) if not p.name.startswith("rebuild_")]
INITS = [p for p in SOURCES if p.name == "__init__.py"]

# room -> third-party packages and other rooms that it may know; what is not here is too high up.
TOOLS = {"_memory_map", "_order_by_code", "_random"}
TORCH_LAYER = {"_data", "_mixing", "modules", "objectives", "samplers", "gradients"}
TABLES = {"datasets", "metrics", "model_selection"}
METHODS = {"classifiers", "inference"}
GROUPS = {"_encode_groups", "_grouped_array", "_groups"}
BESIDE = GROUPS | {"_optional", "_sklearn", "_tell", "exceptions"}
BELOW = TORCH_LAYER | TOOLS | {"_inputs", "_seeded_clone", "clustering", "training"}
ARRAYS = {"numpy", "scipy", "joblib"}
LAYERS = {
    "exceptions": (set(), set()),
    "_sklearn": ({"sklearn"}, set()),
    "_seeded_clone": ({"sklearn"}, set()),
    "_tell": ({"tqdm"}, set()),
    "_optional": (set(), set()),
    **dict.fromkeys(TOOLS, (ARRAYS | {"torch"}, {"exceptions"})),
    **dict.fromkeys(GROUPS, (ARRAYS | {"sklearn", "pandas"}, BESIDE)),
    **dict.fromkeys(TORCH_LAYER, (ARRAYS | {"torch"}, TORCH_LAYER | TOOLS | {"exceptions"})),
    "training": (
        ARRAYS | {"torch", "skorch", "tqdm"},
        TORCH_LAYER | TOOLS | {"_tell", "exceptions"},
    ),
    "_frame_columns": ({"numpy"}, set()),
    "_inputs": (ARRAYS | {"sklearn", "torch"}, TORCH_LAYER | BESIDE | {"_frame_columns"}),
    "clustering": (ARRAYS | {"sklearn", "hdbscan"}, BESIDE),
    **dict.fromkeys(TABLES, (ARRAYS | {"sklearn", "pandas"}, TABLES | BESIDE)),
    **dict.fromkeys(
        METHODS,
        (
            ARRAYS | {"sklearn", "torch", "tqdm", "pandas", "umap"},
            METHODS | TABLES | BESIDE | BELOW,
        ),
    ),
    # torch and Pillow are for images that are read one by one
    "datasets": (ARRAYS | {"sklearn", "pandas", "torch", "PIL"}, TABLES | BESIDE),
    "saving": (
        ARRAYS | {"safetensors", "sklearn", "torch"},
        METHODS | BESIDE | BELOW,
    ),
    "inspection": (
        ARRAYS | {"sklearn", "torch", "pandas", "matplotlib"},
        METHODS | TABLES | BESIDE | BELOW,
    ),
    "auditing": (
        ARRAYS | {"sklearn", "pandas", "tqdm"},
        METHODS | TABLES | BESIDE | BELOW | {"inspection"},
    ),
    "cli": (
        {"numpy", "pandas", "sklearn"},
        {"_groups", "auditing", "classifiers", "inference", "inspection", "skgroup"},
    ),
    "__main__": (set(), {"cli"}),
    "displays": (
        ARRAYS | {"sklearn", "pandas", "matplotlib"},
        METHODS | TABLES | BESIDE | BELOW,
    ),
}
OPTIONAL = {"pandas", "matplotlib", "polars", "safetensors", "umap", "PIL"}

# file -> why it is longer than 300 lines
LONG_FILES: dict[str, str] = {}

# file -> why no test file is named after it
UNTESTED = {
    "exceptions.py": "classes without behaviour, met in the tests of those who raise them",
    "_sklearn.py": "imports only, each used by a tested file",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(tree: ast.AST) -> set[str]:
    """Dotted names of all that is imported anywhere below: `from a import b` gives `a.b`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            names |= {f"{base}.{alias.name}" for alias in node.names}
    return names


def top(dotted: str) -> str:
    return dotted.split(".")[0]


def home(path: Path) -> str:
    """The room of a file: a folder of the package, or a file beside the folders."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def room(dotted: str) -> str:
    """The room behind an import; a name that is only public at the top has "skgroup" for one."""
    second = dotted.split(".")[1] if "." in dotted else ""
    exists = (PACKAGE / second / "__init__.py").exists() or (PACKAGE / f"{second}.py").exists()
    return second if second and exists else "skgroup"


def own_rooms(path: Path) -> set[str]:
    return {room(name) for name in imported(parse(path)) if top(name) == "skgroup"}


def each(paths: list[Path], *but: str) -> pytest.MarkDecorator:
    kept = [p for p in paths if name_of(p) not in but]
    return pytest.mark.parametrize("path", kept, ids=map(name_of, kept))


@each(SOURCES, "__init__.py")
def test_imports_only_point_downwards(path):
    assert home(path) in LAYERS, f"{home(path)} is a new room: give it a row in LAYERS"
    packages, rooms = LAYERS[home(path)]
    foreign = {top(name) for name in imported(parse(path))} - sys.stdlib_module_names
    assert foreign - packages - {"skgroup"} == set(), "packages that this room does not know"
    assert own_rooms(path) - rooms - {home(path)} == set(), "rooms above or beside this one"


def test_no_rooms_import_each_other_in_a_circle():
    needs: dict[str, set[str]] = {}
    for path in SOURCES:
        if name_of(path) != "__init__.py":
            needs.setdefault(home(path), set()).update(own_rooms(path) - {home(path)})
    while free := [name for name, rooms in needs.items() if not rooms & needs.keys()]:
        for name in free:
            del needs[name]
    assert needs == {}


def resolver(tree: ast.AST) -> Callable[[ast.AST], str]:
    """What gives an expression its dotted name, with what it was imported as replaced."""
    meant = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            meant |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom):
            meant |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}

    def resolve(expression: ast.AST) -> str:
        first, dot, rest = ast.unparse(expression).partition(".")
        return meant.get(first, first) + dot + rest

    return resolve


def private_scikit_learn(tree: ast.AST) -> set[str]:
    """Names with an underscore that are imported, reached by attributes, or named in a text."""
    resolve, names = resolver(tree), imported(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(resolve(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return {n for n in names if re.match(r"sklearn(?:\.\w+)*\._(?!_)\w+", n)}


@each(SOURCES, "_sklearn.py")
def test_private_scikit_learn_names_are_used_from_one_file(path):
    assert private_scikit_learn(parse(path)) == set()


@pytest.mark.parametrize(
    "source",
    [
        "from sklearn.utils import _bunch", "import sklearn.utils._bunch as b",
        "import sklearn\nsklearn.utils._bunch.Bunch", "import sklearn as s\ns.utils._bunch",
        "from sklearn import utils\nutils._bunch", "from sklearn import utils as u\nu.a._bunch()",
        "from sklearn.pipeline import Pipeline\nPipeline._iter(x)",
        "import_module('sklearn.utils._bunch')",
    ],
)  # fmt: skip
def test_the_rule_on_private_names_finds_them(source):
    assert len(private_scikit_learn(ast.parse(source))) >= 1
    assert private_scikit_learn(ast.parse(source.replace("_", "").replace("sklearn", "s"))) == set()


# Called with any arguments, these run what a file or a text says.
NEVER = re.compile(
    r"(?:builtins\.)?(?:eval|exec|compile|__import__)|os\.(?:system|popen)|tempfile\.mktemp"
    r"|(?:pickle|_pickle|cloudpickle|dill|marshal)\.(?:loads?|Unpickler)|shelve\.open|joblib\.load"
    r"|pandas\.read_pickle|yaml\.(?:unsafe_|full_)?load(?:_all)?|\w[\w.]*\.extractall"
)
# function or module -> the keyword that makes it unsafe; torch.load has one that makes it safe
UNSAFE_KEYWORDS = {"numpy.load": "allow_pickle", "subprocess": "shell"}


def trusts(call: ast.Call, name: str) -> bool:
    """Whether a call of a function runs or unpickles what it is given."""
    given = {k.arg: ast.unparse(k.value) for k in call.keywords}
    if name == "torch.load":
        return given.get("weights_only") != "True"
    if keyword := UNSAFE_KEYWORDS.get(name) or UNSAFE_KEYWORDS.get(top(name)):
        return None in given or given.get(keyword, "False") != "False"
    return NEVER.fullmatch(name) is not None


def unsafe(tree: ast.AST) -> list[str]:
    """Calls that run or trust what comes from elsewhere, and addresses without encryption."""
    resolve, found = resolver(tree), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and trusts(node, resolve(node.func)):
            found.append(ast.unparse(node))
        elif isinstance(node, ast.Constant) and "http" + "://" in str(node.value):
            found.append(node.value)
    return found


@each(SOURCES)
def test_nothing_runs_what_a_file_says(path):
    assert unsafe(parse(path)) == []


@pytest.mark.parametrize(
    "source",
    [
        "eval(x)", "exec('1')", "__import__(x)", "import pickle\npickle.load(f)",
        "from pickle import loads as l\nl(f)", "import joblib\njoblib.load(f)",
        "import torch\ntorch.load(f)", "import torch as t\nt.load(f, weights_only=False)",
        "import torch\ntorch.load(f, weights_only=w)", "import torch\ntorch.load(f, **k)",
        "import yaml\nyaml.load(f)", "import os\nos.system(c)", "archive.extractall(folder)",
        "import numpy as np\nnp.load(f, allow_pickle=True)", "import numpy\nnumpy.load(f, **k)",
        "import subprocess\nsubprocess.run(c, shell=True)", "u = 'http' '://a.example'",
        "from subprocess import run\nrun(c, shell=s)", "import pandas as pd\npd.read_pickle(f)",
    ],
)  # fmt: skip
def test_the_rule_on_unsafe_calls_finds_them(source):
    assert len(unsafe(ast.parse(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "module.eval()", "re.compile(x)", "import torch\ntorch.load(f, weights_only=True)",
        "import torch\ntorch.compile(m)", "import numpy as np\nnp.load(f, mmap_mode='r')",
        "import json\njson.load(f)", "import subprocess\nsubprocess.run([a])",
        "u = 'https://a.example'",
    ],
)  # fmt: skip
def test_the_rule_on_unsafe_calls_leaves_others(source):
    assert unsafe(ast.parse(source)) == []


@each(SOURCES)
def test_optional_packages_are_imported_by_the_functions_that_need_them(path):
    at_import = [n for n in parse(path).body if not isinstance(n, ast.FunctionDef | ast.ClassDef)]
    names = {top(name) for node in at_import for name in imported(node)}
    assert names & OPTIONAL == set()


@each(INITS)
def test_init_files_only_list_names(path):
    dunders = {"__all__"} | ({"__version__"} if name_of(path) == "__init__.py" else set())
    for node in parse(path).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_list = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in dunders
        assert is_docstring or is_list or isinstance(node, ast.ImportFrom), ast.unparse(node)


@each(SOURCES, *LONG_FILES)
def test_files_are_short(path):
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= 300


def function_lengths(path: Path) -> dict[str, int]:
    """Lines of the body of every function, its docstring apart."""
    lengths = {}
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            lengths[f"{name_of(path)}:{node.lineno} {node.name}"] = length
    return lengths


@each(SOURCES)
def test_no_function_is_long(path):
    assert {name: n for name, n in function_lengths(path).items() if n > 50} == {}


def test_nine_of_ten_functions_are_short():
    lengths = {name: n for path in SOURCES for name, n in function_lengths(path).items()}
    long = {name: n for name, n in lengths.items() if n > 25}
    assert np.percentile(list(lengths.values()), 90) <= 25, long


@each([p for p in SOURCES if p not in INITS], *UNTESTED)
def test_every_file_has_its_test_file(path):
    folder = ROOT / "tests" / path.relative_to(PACKAGE).parent
    test_file = folder / f"test_{path.stem.lstrip('_')}.py"
    exists = test_file.is_file()
    assert exists, f"{test_file.relative_to(ROOT)} is missing"


def listed(path: Path) -> list[str]:
    """The names in the `__all__` of a file."""
    for node in parse(path).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


MODULES = {".".join(p.parent.relative_to(ROOT).parts): p for p in INITS if len(listed(p))}
PUBLIC = [(module, name) for module, path in MODULES.items() for name in listed(path)]
each_public = pytest.mark.parametrize(("module", "name"), PUBLIC, ids=map(".".join, PUBLIC))


def public(module: str, name: str) -> object:
    thing = getattr(importlib.import_module(module), name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        pytest.skip("neither a class nor a function")
    return thing


def test_every_room_lists_its_public_names():
    rooms = {"skgroup"} | {f"skgroup.{p.parent.name}" for p in PACKAGE.glob("*/__init__.py")}
    assert rooms - MODULES.keys() == set()


@each_public
def test_public_names_have_examples(module, name):
    doc = inspect.getdoc(public(module, name)) or ""
    assert "\nExamples\n--------\n" in doc
    assert "\n>>> " in doc.split("\nExamples\n--------\n")[1]


@each_public
def test_signatures_are_readable(module, name):
    thing = public(module, name)
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        pytest.skip("takes a message")
    members = [value for _, value in inspect.getmembers(thing, inspect.isroutine)]
    for own in [thing, *members] if inspect.isclass(thing) else [thing]:
        if str(getattr(own, "__module__", "")).startswith("skgroup."):
            # where annotations are evaluated, `help` spells ArrayLike out in ten lines
            assert "numpy._typing" not in str(inspect.signature(own))


@each_public
def test_every_public_parameter_is_documented(module, name):
    thing = public(module, name)
    if inspect.isclass(thing) and issubclass(thing, BaseException):
        pytest.skip("takes a message")
    doc = inspect.getdoc(thing) or ""
    entries = re.findall(r"^([*\w]+(?:, [*\w]+)*) : ", doc, flags=re.MULTILINE)
    documented = {p.lstrip("*") for entry in entries for p in entry.split(", ")}
    parameters = inspect.signature(thing).parameters.values()
    named = {p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    assert named - documented == set()


IMPORT_AND_COMPARE = """
import sys, warnings
# None of these can be imported.
sys.modules.update(dict.fromkeys(["pandas", "matplotlib", "polars", "safetensors", "umap", "PIL"]))
import hdbscan, joblib, numpy, scipy, sklearn, skorch, torch, tqdm

def state():
    return {
        "scikit-learn's configuration": sklearn.get_config(),
        "numpy's print options": numpy.get_printoptions(),
        "numpy's error handling": numpy.geterr(),
        "numpy's random state": repr(numpy.random.get_state()),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's threads": torch.get_num_threads(),
        "torch's random state": torch.get_rng_state().tolist(),
        "torch's determinism": torch.are_deterministic_algorithms_enabled(),
        "torch's gradient mode": torch.is_grad_enabled(),
        "warning filters": list(warnings.filters),
    }

before = state()
import skgroup
print([key for key, value in state().items() if value != before[key]])
"""


def test_importing_changes_nothing_and_needs_no_optional_package():
    command = [sys.executable, "-c", IMPORT_AND_COMPARE]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def repository_texts() -> Iterator[tuple[str, str]]:
    """Path and text of every text file in the checkout, what tools generate left out."""
    pages = {"__pycache__", "_build", "auto_examples", "backreferences", "generated"}
    generated = re.compile(r"\.git|\.venv|build|dist|demo_output|htmlcov|\.hypothesis|\..*_cache")
    for start in sorted(ROOT.iterdir()):
        if not generated.fullmatch(start.name):
            for path in [start, *sorted(start.rglob("*"))]:
                if path.is_file() and not pages & set(path.parts):
                    try:
                        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
                    except UnicodeDecodeError:
                        continue  # a picture or an archive


def test_no_text_names_a_machine():
    folder = r"(?<![\w.~/<>-])/(?:work|opt|root|home|Users|mnt|tmp)\b"
    host = r"\b(?:pypi|pythonhosted|npmjs|download\.pytorch|debian)\.org"
    machine = re.compile(f"{folder}|{host}")
    found = {f"{name}: {m.group()}" for name, t in repository_texts() for m in machine.finditer(t)}
    assert found == set()
