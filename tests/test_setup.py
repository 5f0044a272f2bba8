"""What is built from a checkout: the packages, the text of the package's page, and the wheel."""

import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETUP = runpy.run_path(str(ROOT / "setup.py"))
WEIGHTS = {path.relative_to(ROOT).as_posix() for path in (ROOT / "saved_models").rglob("*.*")}


def test_every_folder_with_code_is_a_package():
    folders = {path.parent for path in (ROOT / "tfdeepsim").rglob("*.py")}
    names = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert {*names, SETUP["WEIGHTS"]} == set(SETUP["PACKAGES"])


def test_the_page_of_the_package_links_to_no_file():
    page = SETUP["package_page"](
        "![Four encoders](docs/quickstart_predictions.png)\n"
        "[flags](docs/flags.md), [choices](docs/house.md#choices), [site](https://example.org/a)\n"
        "    losses[0](images)\n"
    )
    assert page == (
        "(Four encoders: docs/quickstart_predictions.png in the source archive.)\n"
        "flags, choices, [site](https://example.org/a)\n"
        "    losses[0](images)\n"
    )


def test_the_page_of_the_package_has_all_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = SETUP["package_page"](readme)
    assert "](docs/" in readme
    assert "](docs/" not in page
    assert page.count("\n") == readme.count("\n")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source archive of a copy of the checkout, and the wheel that is built from the archive.

    `make dist` builds them as `python -m build` does, in an environment of their own.
    """
    folder = tmp_path_factory.mktemp("dist")
    leave_out = shutil.ignore_patterns("__pycache__", "runs", "logs", ".?*", "_build", "build")
    shutil.copytree(ROOT, folder / "checkout", ignore=leave_out)
    # A SavedModel is a folder.
    nested = folder / "checkout" / "saved_models" / "encoder" / "variables" / "variables.index"
    nested.parent.mkdir(parents=True)
    nested.write_text("nothing")
    build(folder, "checkout", "sdist")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        files.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    build(folder, unpacked, "wheel")
    (wheel,) = folder.glob("*.whl")
    return unpacked, wheel


def build(folder, source, kind):
    code = f"import setuptools.build_meta as backend; backend.build_{kind}({str(folder)!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder / source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_the_source_archive_holds_tests_documentation_and_weights(built):
    unpacked, _ = built
    for name in ("tests", "docs", "benchmarks", "tuning", "tfdeepsim"):
        for path in (ROOT / name).rglob("*.py"):
            assert (unpacked / path.relative_to(ROOT)).is_file(), path
    for name in (
        "Makefile",
        "CHANGELOG.md",
        "CITATION.cff",
        "train.py",
        "docs/quickstart_predictions.png",
    ):
        assert (unpacked / name).is_file(), name
    assert all((unpacked / name).is_file() for name in WEIGHTS)


@pytest.mark.slow
def test_the_wheel_holds_the_package_with_its_weights_and_their_licences(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(next(name for name in names if name.endswith("/METADATA"))).decode()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tfdeepsim"}
    assert {f"tfdeepsim/{name}" for name in WEIGHTS} < names
    assert {
        "tfdeepsim/py.typed",
        "tfdeepsim/saved_models/encoder/variables/variables.index",
    } < names
    assert {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tfdeepsim").rglob("*.py")
    } < names
    for licence in ("LICENSE", "saved_models/LICENSE-lpips.txt"):
        assert any(name.endswith(f".dist-info/licenses/{licence}") for name in names), licence
    assert "License-Expression: Apache-2.0 AND BSD-3-Clause AND BSD-2-Clause\n" in metadata


@pytest.mark.slow
def test_an_installed_wheel_works_without_the_checkout(built, tmp_path):
    _, wheel = built
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=os.name != "nt")
    paths = {"base": str(environment), "platbase": str(environment)}
    site = Path(sysconfig.get_path("purelib", "venv", paths))
    python = Path(sysconfig.get_path("scripts", "venv", paths), "python")
    # What it depends on is that of this environment. An editable tfdeepsim is not: Python does not
    # read .pth files in folders that a .pth file names.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True, capture_output=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), str(ROOT / "tests" / "installed.py")],
        cwd=empty,
        env=clean,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    assert "works: tfdeepsim" in done.stdout


@pytest.mark.slow
def test_a_package_in_a_zip_file_finds_its_weights(built, tmp_path):
    code = (
        "from tfdeepsim.comparators.weights.bundled import bundled_file, check_bundled\n"
        "path = bundled_file('exemplar_cnn'); check_bundled(path); print(path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(built[1])!r})\n{code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    path = Path(done.stdout.strip())
    assert not path.is_relative_to(ROOT)
    assert not path.exists(), "it outlives the process"
