"""The chief: hands out trials to workers, here or on other machines, and never runs one itself."""

import threading
import time
from collections.abc import Callable

import rich.console

from tfdeepsim.tuning.cluster import CHIEF, addresses, environment, free_port
from tfdeepsim.tuning.directory import SearchDirectory
from tfdeepsim.tuning.interrupts import Interrupts
from tfdeepsim.tuning.problem import Problem
from tfdeepsim.tuning.settings import SearchSettings
from tfdeepsim.tuning.tuner import ProbeTuner, silence
from tfdeepsim.tuning.workers import LocalWorkers

LOCAL_HOST = "127.0.0.1"
_INTERVAL = 0.2


def lead(tuner: ProbeTuner, going: Callable[[], bool] = lambda: True) -> None:
    """Serve trials until keras-tuner's chief has seen all workers off, or nobody is there to serve.

    Args:
        tuner: Made under the environment variables of a chief. Its `on_trial` must not print
            through `sys.stdout`, which is silenced.
        going: Asked again and again; False ends it.

    Raises:
        Exception: What went wrong in serving, e.g. a port that is taken.
    """
    failure: list[BaseException] = []

    def serve() -> None:
        try:
            tuner.run()
        except BaseException as error:
            failure.append(error)

    # keras-tuner's chief looks only every 20 seconds whether its workers have left. So it serves
    # from a thread, which ends with the process, and this one looks after workers and progress.
    thread = threading.Thread(target=serve, daemon=True)
    tuner.on_trial(tuner)
    with Interrupts() as interrupts, silence():
        thread.start()
        while thread.is_alive() and going():
            interrupts.check()
            tuner.on_trial(tuner)
            time.sleep(_INTERVAL)
    tuner.on_trial(tuner)
    if failure:
        raise failure[0]


def lead_locally(
    problem: Problem,
    settings: SearchSettings,
    directory: SearchDirectory,
    on_trial: Callable[[ProbeTuner], None],
    workers: int,
    console: rich.console.Console,
) -> ProbeTuner:
    """Search with worker processes on this machine, this process being the chief.

    Args:
        problem: What is learned; `directory.examples` must hold it too.
        settings: Of the search.
        directory: Of the search.
        on_trial: Called with the tuner, several times a second.
        workers: How many.
        console: Told which processes there are.

    Returns:
        The tuner, with all trials.
    """
    port = free_port(LOCAL_HOST)
    with environment(addresses(CHIEF, LOCAL_HOST, port)):
        tuner = ProbeTuner(problem, settings, directory, on_trial)
        oracle = tuner.oracle
        with LocalWorkers(
            directory, workers, LOCAL_HOST, port, lambda: len(oracle.end_order)
        ) as local:
            processes = ", ".join(
                f"{name} (process {pid})" for name, pid in local.processes.items()
            )
            console.print(f"chief on {LOCAL_HOST}:{port}; workers {processes}", highlight=False)
            console.print(f"output of workers: {directory.logs}", highlight=False, soft_wrap=True)
            lead(tuner, local.watch)
    return tuner
