import multiprocessing

import pytest
from flat_images import SIDE, fill

from tfdeepsim.options import DataOptions


@pytest.fixture(scope="session")
def forks():
    """Starts processes that have imported TensorFlow already, since that takes long."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "tensorflow_datasets"])
    return context


@pytest.fixture
def start(forks):
    """Call a function in another process."""
    started = []

    def call(function, *arguments):
        process = forks.Process(target=function, args=arguments)
        process.start()
        started.append(process)
        return process

    yield call
    for process in started:
        process.kill()
        process.join()


@pytest.fixture
def folder(tmp_path):
    """Two classes of 20 images."""
    names = [f"{kind}/{i:02}.png" for kind in ("cat", "dog") for i in range(20)]
    return fill(tmp_path / "photos", names)


@pytest.fixture
def opened(tmp_path):
    def call(path, kind="folder", **options):
        from tfdeepsim.data import open_dataset

        name = f"{kind}:{path}"
        return open_dataset(name, tmp_path / "data", DataOptions(**{"image_size": SIDE, **options}))

    return call
