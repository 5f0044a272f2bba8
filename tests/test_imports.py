"""The house's rules on imports: which room may use which, and what may not be loaded early."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Rank of every room; a room imports only from lower ranks, and within itself.
RANKS = {
    "__init__": 0, "console": 0, "errors": 0, "duration": 0, "batches": 0, "pixels": 0,
    "step_checks": 0, "step_values": 0, "bundled_encoders": 0,
    "loss_scale": 1,
    "files": 1, "folders": 1, "lock": 1, "progress": 1, "options": 1, "losses": 1, "units": 1,
    "gate": 1, "tables": 1, "saved_model_path": 1, "json_fields": 1,
    "numpy_files": 1, "hdf5_check": 1, "keras_settings": 1, "distributed_fit": 1,
    "loss_terms": 2, "gradient_shares": 2, "discriminator_step": 2, "generator_batch": 2,
    "run": 2, "config": 2, "arrays": 2, "scores": 2, "command_line": 2, "flags": 2,
    "value_range": 2, "work_sharing": 2,
    "step_measures": 3, "generator_step": 3, "step_examples": 3,
    "networks": 3, "data": 3, "probes": 3, "paired": 3,
    "comparators": 4, "fidelity": 4, "evaluation_options": 4, "probe_callback": 4,
    "deepsim": 5, "pretraining": 5, "external": 5, "perceptual": 5, "image_metrics": 5,
    "training": 6, "saving": 6,
    "embed": 7, "export": 7, "inversion": 7,
    "representations": 8, "decoder_probe": 8, "card": 8, "tuning": 8, "report": 8,
    "evaluation": 9, "inversion_evaluation": 9, "loaded_encoder": 9,
    "study": 10,
    "comparison": 11,
    "recipes": 12,
    "commands": 13,
}  # fmt: skip
# Stages meet only in files: these never see what trains.
APART = {
    room: {"deepsim", "training", "networks"} for room in ("probes", "report", "tuning", "fidelity")
}


def rooms_imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name.split(".")[1] for name in names if name.startswith("tfdeepsim.")}
    return {name if name in RANKS else "__init__" for name in ours}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "tfdeepsim").parts[0].removesuffix(".py")


FILES = sorted((ROOT / "tfdeepsim").rglob("*.py"))


def test_every_room_has_a_rank():
    assert {room_of(path) for path in FILES} == set(RANKS)


# The public front names modules of every rank, and loads none of them by itself.
FRONT = ROOT / "tfdeepsim" / "__init__.py"


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path != FRONT],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_imports_go_down(path):
    room = room_of(path)
    for other in rooms_imported(path) - {room}:
        assert RANKS[other] < RANKS[room], (
            f"{room} (rank {RANKS[room]}) imports {other} (rank {RANKS[other]})"
        )
        assert other not in APART.get(room, ())


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


def modules_imported(path: Path) -> set[str]:
    """Modules of the package that a file imports anywhere, except for its annotations alone."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES
            names |= modules or {node.module}
    return names & MODULES


def test_no_modules_import_each_other_in_a_circle():
    arrows = {module_of(path): modules_imported(path) for path in FILES}
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"import circle: {' <- '.join(error.args[1])}")


HEAVY = (
    "tensorflow",
    "keras",
    "matplotlib",
    "tensorflow_datasets",
    "gymnasium",
    "sklearn",
    "scipy",
    "numpy",
)


@pytest.mark.parametrize(
    "module",
    [
        *("tfdeepsim", "tfdeepsim.run", "tfdeepsim.data", "tfdeepsim.data.__main__"),
        *("tfdeepsim.export", "tfdeepsim.export.__main__"),
        *(f"tfdeepsim.commands.{name}" for name in ("train", "evaluate", "search")),
    ],
)
def test_light_modules_load_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
