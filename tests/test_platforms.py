"""The package on systems that lack what Linux has: modules of Unix, and some file names."""

import subprocess
import sys
from pathlib import Path

from tfdeepsim.files import slug

ROOT = Path(__file__).parent.parent

# What the package depends on takes care of itself: it is imported before the modules are gone.
IMPORT_EVERYTHING = """
import asyncio, importlib, pathlib, pkgutil, shutil, sys, tarfile
import filelock, grpc, keras_tuner, matplotlib.pyplot, psutil, requests, safetensors.numpy
import scipy.stats, sklearn.linear_model, sklearn.neural_network, tensorflow
from tensorboard.plugins import projector
import tensorflow_datasets as tfds
tfds.core.DatasetBuilder, tfds.core.download

UNIX = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog")
for name in UNIX:
    sys.modules[name] = None
import tfdeepsim
names = [module.name for module in pkgutil.walk_packages(tfdeepsim.__path__, "tfdeepsim.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_every_module_is_imported_without_the_modules_of_unix(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    files = list((ROOT / "tfdeepsim").rglob("*.py"))
    assert int(done.stdout) == len(files) - 1


def test_names_of_files_are_accepted_by_windows():
    for name in ("zip:C:\\photos/a b.zip", 'folder:<"x">|?*', "llv2/200x15+s3", "tfds:a:1.0.0"):
        assert not set(slug(name)) & set('<>:"/\\|?* \n')
