import multiprocessing

import pytest


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
