"""Scripts for batch systems: their shell, and the flags of the commands they give."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tfdeepsim.commands import evaluate, search, train

SCRIPTS = Path(__file__).parent.parent / "examples" / "cluster"
PARSERS = {
    "train.sbatch": train.make_parser,
    "study.sbatch": evaluate.make_parser,
    "search.sbatch": search.make_parser,
}


@pytest.mark.parametrize("name", PARSERS)
def test_shell_and_the_command_of_its_heading(name):
    text = (SCRIPTS / name).read_text()
    subprocess.run(["bash", "-n", SCRIPTS / name], check=True)
    [command] = re.findall(rf"^#     sbatch {name} (.*)", text, re.MULTILINE)
    PARSERS[name]().parse_args(shlex.split(command))


def test_pods_get_the_cluster_and_the_flags():
    text = (SCRIPTS / "train.yaml").read_text()
    script = re.search(r"            - \|\n((?: {14}.*\n)+)", text)[1]
    shown = script.replace("exec tfdeepsim-train", 'printf "%s\\n" "$TF_CONFIG"')
    done = subprocess.run(
        ["bash", "-c", shown],
        env={"JOB_COMPLETION_INDEX": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    config, _, words = done.stdout.partition("\n--strategy")
    assert '"index": 1' in config
    train.make_parser().parse_args(["--strategy", *words.split()])
