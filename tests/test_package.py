"""The house: which room may import which, what a first import loads, what installs may bring in."""

import ast
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "evrisim"

# From the ground up: a room imports rooms of lower floors and its own.
FLOORS = [
    ["_lazy", "_files", "_plain"],
    ["messages"],
    ["_validate"],
    ["_signatures", "machine", "pretrained"],
    ["decode", "images", "metrics", "statistics"],
    ["pooling", "normalising", "pictures", "layers", "augment"],
    ["data", "kernels", "corruptions"],
    ["blocks"],
    ["models", "backbones", "taps", "graph"],
    ["folding"],
    ["cost", "inference"],
    ["training"],
    ["opening", "viewing"],
    ["explain", "features", "pipeline", "transfer"],
    ["evaluate", "depth"],
    ["forgetting"],
    ["judging"],
    ["robustness"],
    ["study"],
    ["plots"],
    ["report"],
    ["examples"],
    ["workflow", "diagnosis", "filtering", "experiments", "mislabelled"],
    ["looking", "relearning"],
    ["claims"],
    ["applications"],
    ["cli"],
    ["__main__", "__init__"],
]
TENSORFLOW_ROOMS = {
    "data/tensors.py",
    "layers/norm.py",
    "layers/winograd.py",
    "explain/gradients.py",
}

# The oldest versions without a known hole that matters here.
SAFE = {"keras": "3.15.1", "pillow": "12.3.0", "urllib3": "2.6.3", "jinja2": "3.1.6"}


def room(name):
    """`evrisim.data.folder` is in the room `data`."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def files():
    return sorted(SOURCE.rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "evrisim":
            yield from (f"evrisim.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_imports_run_one_way():
    height = {name: floor for floor, names in enumerate(FLOORS) for name in names}
    wrong = []
    for path in files():
        own = room(".".join(("evrisim", *path.relative_to(SOURCE).with_suffix("").parts)))
        assert own in height, f"{path.name} has no place on a floor"
        for name in imported(path):
            if name.split(".")[0] != "evrisim" or name == "evrisim.__version__":
                continue
            if room(name) != own and height[room(name)] >= height[own]:
                wrong.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert wrong == []


def test_tensorflow_is_named_in_four_files():
    naming = {
        path.relative_to(SOURCE).as_posix()
        for path in files()
        if any(name.split(".")[0] == "tensorflow" for name in imported(path))
    }
    assert naming == TENSORFLOW_ROOMS


def test_nothing_reads_pickles_or_runs_code_from_files():
    forbidden = re.compile(
        r"allow_pickle=True|safe_mode=False|enable_unsafe|\bjoblib\b|cloudpickle|\beval\(|\bexec\("
    )
    hits = [path.name for path in files() if forbidden.search(path.read_text("utf-8"))]
    assert hits == []
    reading = [path.name for path in files() if "import pickle" in path.read_text("utf-8")]
    assert reading in ([], ["unpickle.py"])


def fresh(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_importing_evrisim_loads_neither_tensorflow_nor_keras_nor_numpy():
    found = fresh("import evrisim, sys; print([n for n in sys.modules if '.' not in n])").stdout
    for heavy in ("tensorflow", "keras", "numpy", "PIL", "pydantic", "typer"):
        assert f"'{heavy}'" not in found


def test_every_public_name_is_there():
    fresh("import evrisim\nfor name in evrisim.__all__: getattr(evrisim, name)")


def test_help_answers_at_once_and_without_heavy_imports():
    code = (
        "import sys; from evrisim.cli import main; code = main(['--help']);"
        "heavy = ('tensorflow', 'keras', 'numpy', 'rich');"
        "print([name for name in heavy if name in sys.modules]); sys.exit(code)"
    )
    before = os.times()
    assert fresh(code).stdout.splitlines()[-1] == "[]"
    after = os.times()
    # Processor time: what the command needs, however busy the machine is.
    seconds = (after.children_user + after.children_system) - (
        before.children_user + before.children_system
    )
    assert seconds < 0.4


def test_exact_versions_are_safe_and_satisfy_the_project():
    import tomllib

    pinned = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[a-z0-9-]+==[\w.+]+", line), f"no exact version: {line}"
            name, _, version = line.partition("==")
            pinned[name] = Version(version)
    for name, oldest in SAFE.items():
        assert pinned[name] >= Version(oldest)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[requirement.name.lower()])


def test_ci_runs_the_test_command_of_the_readme():
    command = re.search(r"^python3 -m venv .*pytest$", (ROOT / "README.md").read_text(), re.M)
    assert command is not None
    assert command.group() in (ROOT / ".ci" / "run").read_text()
