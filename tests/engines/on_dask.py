"""Dask: the printed script on two workers, of which one is killed with its shard amid the work. The process of
that shard goes on without it, and the other worker waits for it."""

import importlib.util
import json
import os
import signal
import sys
import time

from support import Sandbox, skip, until

if importlib.util.find_spec("distributed") is None:
    skip("Dask: the package distributed is not installed")

box = Sandbox()
box.job("dask", "sweep.py")
processes = []


def start(*command):
    processes.append(box.starts(sys.executable, "-m", *command, start_new_session=True))
    return processes[-1]


try:
    file = str(box.root / "scheduler.json")
    start("distributed.cli.dask_scheduler", "--host=127.0.0.1", "--port=0", "--no-dashboard", f"--scheduler-file={file}")
    until(lambda: os.path.exists(file), "the scheduler")
    address = json.load(open(file))["address"]
    # Each in the folder of the sweep, as on a cluster that shares it.
    workers = [start("distributed.cli.dask_worker", address, "--no-nanny", "--nthreads=1", "--no-dashboard",
                     "--local-directory=" + str(box.root / "dask")) for _ in range(2)]
    sweep = box.starts(sys.executable, "sweep.py", address)
    parents = until(lambda: {pid: int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
                             for pid in box.at_work()}, "a shard at work")
    until(lambda: box.parts() > 0, "a first part")
    victim = workers[0] if workers[0].pid in parents.values() else workers[1]
    os.kill(victim.pid, signal.SIGKILL)
    orphans = len(box.at_work())
    began = time.monotonic()
    print(f"one of two workers killed; {orphans} processes of shards go on")
    assert sweep.wait(timeout=240) == 0
    print(f"merged after {time.monotonic() - began:.0f} s; {box.same('my results')} files have the bytes of one run")
    box.remove()
finally:
    for process in processes:
        process.kill()
        process.wait()
