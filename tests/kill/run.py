"""Kills every command at random moments, and fills its disk; gives it again, and compares the end
with an undisturbed one.

    python tests/kill/run.py                          # 20 of each: make kill
    python tests/kill/run.py --count 3 --only pixel,search

A signal is SIGKILL, SIGTERM or SIGINT. After SIGTERM and SIGINT a command must end with exit code
143 or 130, on a full disk with 2, in one line, without a traceback. Then it is given again until it
ends, with `--resume` where a run has begun, and what it has written must be bit for bit what an
undisturbed command writes. The exit code of this script is 1 if anything differs.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from full_disk import disk_filled
from tasks import TASKS, Task, prepared, run_to_the_end, start

SIGNALS = {signal.SIGKILL: None, signal.SIGTERM: 143, signal.SIGINT: 130}
"""Exit code that a command ends with after each signal; None for SIGKILL."""
KINDS = ("signal", "disk")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=20, help="faults of each kind in each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help=f"commands, separated by commas, of {', '.join(TASKS)}")
    parser.add_argument("--kind", choices=KINDS, help="one kind of fault alone")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(TASKS)
    print(
        f"{'command':12}{'fault':>8}{'times':>7}{'in work':>9}{'equal':>7}{'wrong':>7}", flush=True
    )
    kinds = [options.kind] if options.kind else KINDS
    wrong = sum(report(name, kinds, options.count, options.seed) for name in names)
    return int(wrong > 0)


def report(name: str, kinds: list[str], count: int, seed: int) -> int:
    """Disturb a command `count` times in each way, print a row for each, and return how often
    something was wrong."""
    task = TASKS[name]
    all_wrong = 0
    with tempfile.TemporaryDirectory() as before, tempfile.TemporaryDirectory() as place:
        prepared(task, Path(before))
        whole = prepared(task, Path(place), Path(before))
        begin = time.monotonic()
        run_to_the_end(task, whole)
        seconds = time.monotonic() - begin
        expected = task.ends(whole)
        assert expected, f"{name} leaves nothing to compare"
        for kind in kinds:
            chance = random.Random(f"{seed} {name} {kind}")
            in_work = equal = wrong = 0
            for number in range(count):
                if kind == "signal":
                    fault, hit, end = killed(task, Path(before), seconds, chance)
                else:
                    fault, hit, end = disk_filled(task, Path(before), whole, chance)
                in_work += hit
                equal += end == expected
                if fault or end != expected:
                    wrong += 1
                    print(f"  {name}, {kind} {number}: {fault or 'another end'}", flush=True)
            print(f"{name:12}{kind:>8}{count:7}{in_work:9}{equal:7}{wrong:7}", flush=True)
            all_wrong += wrong
    return all_wrong


def killed(
    task: Task, before: Path, seconds: float, chance: random.Random
) -> tuple[str, bool, object]:
    """Send a signal to a command at a random moment, and then give the command until it succeeds.

    Args:
        task: Its task.
        before: What to begin with.
        seconds: How long the undisturbed command takes.
        chance: Decides on the signal and the moment.

    Returns:
        What was wrong with the way it ended, whether it was still at work, and what it left.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = prepared(task, Path(place), before)
        sent = chance.choice(list(SIGNALS))
        process = start(task.command, folder)
        hit = False
        try:
            process.wait(chance.uniform(0.15, 1.0) * seconds)
        except subprocess.TimeoutExpired:
            hit = True
            process.send_signal(sent)
        _, errors = process.communicate()
        fault = ""
        if hit and sent != signal.SIGKILL:
            if "Traceback" in errors:
                fault = f"{sent.name}: {errors.strip().splitlines()[-1]}"
            # Before its own handler is there, Python ends by the signal.
            elif process.returncode not in (SIGNALS[sent], 0, -sent):
                fault = f"{sent.name}: exit code {process.returncode}"
        run_to_the_end(task, folder)
        return fault, hit, task.ends(folder)


if __name__ == "__main__":
    sys.exit(main())
