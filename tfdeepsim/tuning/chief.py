"""The chief: a process that hands out trials to workers, and runs none itself."""

import logging
import threading
import time
from collections.abc import Callable

import rich.console

from tfdeepsim.tuning.cluster import CHIEF, free_port, role_variables, temporary_environment
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.interrupts import Interrupts
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.tuner import ProbeTuner, silence
from tfdeepsim.tuning.workers import LocalWorkers

_LOCAL_HOST = "127.0.0.1"
_INTERVAL_SECONDS = 0.2


def run_chief(tuner: ProbeTuner, has_workers: Callable[[], bool] = lambda: True) -> None:
    """Hand out trials until all workers have left.

    Args:
        tuner: Tuner that was created under the environment variables of a chief. Its `on_trial`
            must not print through `sys.stdout`, which is silenced.
        has_workers: Called several times a second; the chief stops when it returns False.

    Raises:
        Exception: Any error of the chief, e.g. if its port is taken, or a trial cannot be written.
    """
    errors: list[BaseException] = []

    def serve() -> None:
        try:
            tuner.run()
        except BaseException as error:
            errors.append(error)

    # keras-tuner's chief checks only every 20 seconds whether its workers have left. So it serves
    # from a thread that ends with the process, and this thread checks workers and progress.
    # What fails in a worker's request is raised here, and need not be logged with its traceback.
    logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
    thread = threading.Thread(target=serve, daemon=True)
    tuner.on_trial(tuner)
    with Interrupts() as interrupts, silence():
        thread.start()
        while thread.is_alive() and has_workers():
            interrupts.check()
            if tuner.oracle.error:
                raise tuner.oracle.error
            tuner.on_trial(tuner)
            time.sleep(_INTERVAL_SECONDS)
    tuner.on_trial(tuner)
    for error in (tuner.oracle.error, *errors):
        if error:
            raise error


def run_chief_with_workers(
    problem: Problem,
    settings: SearchSettings,
    directory: SearchDirectory,
    on_trial: Callable[[ProbeTuner], None],
    workers: int,
    console: rich.console.Console,
) -> ProbeTuner:
    """Search with worker processes on this machine; this process is the chief.

    Args:
        problem: Examples and loss; `directory.examples` must hold the same examples.
        settings: Settings of the search.
        directory: Directory of the search.
        on_trial: Called with the tuner several times a second.
        workers: Number of worker processes.
        console: Console that the process ids are printed to.

    Returns:
        The tuner, with all trials.
    """
    port = free_port(_LOCAL_HOST)
    with temporary_environment(role_variables(CHIEF, _LOCAL_HOST, port)):
        tuner = ProbeTuner(problem, settings, directory, on_trial)
        oracle = tuner.oracle
        with LocalWorkers(
            directory, workers, _LOCAL_HOST, port, lambda: len(oracle.end_order)
        ) as local:
            processes = ", ".join(
                f"{name} (process {pid})" for name, pid in local.processes.items()
            )
            console.print(f"chief on {_LOCAL_HOST}:{port}; workers {processes}")
            console.print(f"output of workers: {directory.logs}", soft_wrap=True)
            run_chief(tuner, local.watch)
    return tuner
