"""Snakemake: the printed Snakefile, with two of its jobs killed amid their work."""

import importlib.util
import os
import signal
import sys

from support import Sandbox, skip, until

if importlib.util.find_spec("snakemake") is None:
    skip("Snakemake: it is not installed")

box = Sandbox()
box.job("snakemake", "Snakefile")
with open(box.root / "log", "w") as log:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nolock"]
    engine = box.starts(*command, stdout=log, stderr=log)
    killed = 0
    while killed < 2:
        done = box.parts() if (box.root / "my results").exists() else 0
        pids = until(lambda: box.parts() > done and box.at_work(), "a shard amid its work")
        os.kill(pids[0], signal.SIGKILL)
        killed += 1
    code = engine.wait(timeout=240)
said = (box.root / "log").read_text()
assert code == 0, said
assert "Trying to restart job" in said, said
print(f"{killed} jobs killed and tried again; {box.same('my results')} files have the bytes of one run")
box.remove()
