"""What the engine tests share: a sweep, the bytes of one run of it, and how to wait."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SYSWORLD = Path(os.environ["SYSWORLD"]).resolve()
SHARDS = 6
SKIPPED = 77
# Some parts a shard, so that a kill meets a shard amid its work. A binary of a test build needs fewer replications.
REPLICATIONS = int(os.environ.get("ENGINES_REPLICATIONS", "100000"))
SWEEP = f"""
name = "engines"
replications = {REPLICATIONS}
[factors]
chaos_level = ["low", "extreme"]
skill = ["junior", "senior"]
[output]
tables = ["runs", "incidents"]
"""


def skip(why):
    """Ends the test with a plain word of what was not tried."""
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class Sandbox:
    """A folder, with spaces in its name, whose commands find `sysworld` on the PATH."""

    def __init__(self, sweep=SWEEP):
        self.root = Path(tempfile.mkdtemp(prefix="engines "))
        tools = self.root / "bin"
        tools.mkdir()
        (tools / "sysworld").symlink_to(SYSWORLD)
        self.env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "PYTHONPATH"):
            self.env.pop(name, None)
        (self.root / "my experiment.toml").write_text(sweep)
        self.run("sysworld", "run", "my experiment.toml", "--quiet", "--no-report", "--out", "whole")

    def run(self, *command, **options):
        """Runs a command, which must succeed, and returns what it prints."""
        done = self.ends(*command, **options)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def ends(self, *command, **options):
        """Runs a command to its end."""
        words = [str(word) for word in command]
        options = {"cwd": self.root, "env": self.env, "timeout": 300, **options}
        return subprocess.run(words, capture_output=True, text=True, **options)

    def starts(self, *command, **options):
        """Starts a command."""
        words = [str(word) for word in command]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(words, **{"cwd": self.root, "env": self.env, **quiet, **options})

    def job(self, engine, file, *options):
        """Prints the file for an engine, as a user does."""
        text = self.run("sysworld", "job", engine, "my experiment.toml", f"--shards={SHARDS}", "--out=my results", *options)
        (self.root / file).write_text(text)
        return text

    def same(self, folder):
        """The merged folder has the bytes of one run, and is whole."""
        whole, merged = self.data("whole"), self.data(folder)
        merged.pop("report.html", None)
        assert whole.keys() == merged.keys(), whole.keys() ^ merged.keys()
        different = [name for name in whole if whole[name] != merged[name]]
        assert not different, different
        self.run("sysworld", "verify", folder)
        return len(whole)

    def data(self, folder):
        """All data files of a results folder: all but what tells of clock and order."""
        root = self.root / folder
        files = [path for path in root.rglob("*") if path.is_file()]
        names = {str(path.relative_to(root)): path for path in files}
        told = {"manifest.json", "ledger.jsonl", ".lock"}
        return {name: path.read_bytes() for name, path in names.items() if name not in told}

    def parts(self, folder="my results"):
        """How many parts are in the ledgers."""
        ledgers = (self.root / folder).glob("ledger*.jsonl")
        return sum(text.read_bytes().count(b"\n") for text in ledgers)

    def at_work(self):
        """The ids of the processes that run shards here."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                # A zombie has no folder any more.
                if (process / "cwd").resolve() == self.root.resolve():
                    line = (process / "cmdline").read_bytes().split(b"\0")
                    if Path(os.fsdecode(line[0])).name == "sysworld" and b"run" in line:
                        found.append(int(process.name))
            except OSError:
                pass
        return found

    def remove(self):
        """Removes the folder, after a test that passed."""
        shutil.rmtree(self.root, ignore_errors=True)


def until(true, what, seconds=90):
    """Waits until something is true, and returns it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := true():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for: {what}")
