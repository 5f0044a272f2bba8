"""Damages thousands of files of every format, and counts how reading them ends.

    python tests/fuzz/run.py                        # 2,000 of each: make fuzz
    python tests/fuzz/run.py --count 200 --only png,npz --seed 7

Each format is read in a process with a limit of memory, and each file within a limit of time. A
file may be read, since not every change is damage, or end in the one line of an `InputError`.
Anything else is a fault; its file is kept in the folder of `--keep`. The exit code is 1 if there
was one.
"""

import argparse
import collections
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS.parent), *(str(TESTS / name) for name in ("fuzz", "comparators"))]

SECONDS = 40
"""For one file; reading a whole one takes a fraction of a second."""
MEMORY = 8 * 2**30
"""Address space of a process; TensorFlow takes most of it."""
OUTCOMES = ("read", "refused", "traceback", "hang", "crash")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="damaged files of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="formats, separated by commas; default: all")
    parser.add_argument("--keep", default="runs/fuzz", help="folder for files that are faults")
    parser.add_argument("--worker", nargs=2, metavar=("FORMAT", "FIRST"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        name, first = options.worker
        return work(name, int(first), options.count, options.seed, Path(options.keep))

    from fuzzed_formats import FORMATS

    names = options.only.split(",") if options.only else list(FORMATS)
    width = max(map(len, names))
    print(f"{'format':{width}}" + "".join(f"{outcome:>11}" for outcome in OUTCOMES), flush=True)
    faults = 0
    for name in names:
        counts = count_outcomes(name, options)
        faults += sum(counts[outcome] for outcome in OUTCOMES[2:])
        print(f"{name:{width}}" + "".join(f"{counts[o]:>11,}" for o in OUTCOMES), flush=True)
    return int(faults > 0)


def count_outcomes(name: str, options: argparse.Namespace) -> collections.Counter[str]:
    """Outcomes of all damaged files of a format; its process is started again where one ends it."""
    counts: collections.Counter[str] = collections.Counter()
    while (done := counts.total()) < options.count:
        command = [sys.executable, __file__, "--worker", name, str(done)]
        command += ["--count", str(options.count), "--seed", str(options.seed)]
        process = subprocess.run(
            [*command, "--keep", options.keep], stdout=subprocess.PIPE, text=True
        )
        counts.update(line for line in process.stdout.splitlines() if line in OUTCOMES)
        if process.returncode < 0:
            outcome = "hang" if process.returncode == -signal.SIGALRM else "crash"
            counts[outcome] += 1
            print(f"  {name}: number {counts.total() - 1} ends in a {outcome}", flush=True)
        elif process.returncode:
            raise SystemExit(f"the process for {name} failed")
    return counts


def work(name: str, first: int, count: int, seed: int, keep: Path) -> int:
    """Read the damaged files from number `first` on, and print how each ended."""
    import resource

    from fuzzed_formats import FORMATS
    from mutations import mutated

    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        path = FORMATS[name].write(Path(folder))
        whole = path.read_bytes()
        for number in range(first, count):
            signal.alarm(SECONDS)
            path.write_bytes(mutated(whole, random.Random(f"{seed} {number}")))
            outcome = outcome_of(FORMATS[name], path)
            signal.alarm(0)
            if outcome == "traceback":
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, keep / f"{name.replace(' ', '-')}-{number}")
            print(outcome, flush=True)
    return 0


def outcome_of(form: Any, path: Path) -> str:
    """One of `OUTCOMES` of reading a damaged file.

    Args:
        form: The `Format` of the file.
        path: The file.
    """
    from tfdeepsim.errors import InputError

    try:
        form.read(path)
    except InputError as error:
        return "traceback" if "\n" in str(error) else "refused"
    except Exception:
        traceback.print_exc()
        return "traceback"
    return "read"


if __name__ == "__main__":
    sys.exit(main())
