# @SHARDS@ shards of an experiment, then their merge. Printed by:
#   @COMMAND@
# Save this as sweep.py in the folder that its paths are relative to, and:
#   pip install distributed
#   python sweep.py                         # on this machine
#   python sweep.py tcp://scheduler:8786    # on a cluster whose workers see this folder
# With Ray call `ray.remote(shard).remote(i)` in place of `client.map`; with submitit
# `executor.map_array(shard, range(1, SHARDS + 1))`.

import subprocess
import sys
import time

SHARDS = @SHARDS@
OUT = @OUT@
RUN = ["sysworld", "run", @EXPERIMENT@, "--out", OUT@OPTIONS@, "--threads", "@THREADS@", "--quiet"]


def shard(i):
    # Waits where the process of a worker that died still has the shard, or a disk is full.
    for pause in (0, 10, 60, 600):
        time.sleep(pause)
        done = subprocess.run([*RUN, "--shard", f"{i}/{SHARDS}"], stderr=subprocess.PIPE, text=True)
        if done.returncode in (0, 2):  # 2: wrong usage or a wrong file, which no retry mends
            break
    if done.returncode:
        raise RuntimeError(f"shard {i} of {SHARDS} ended with {done.returncode}: {done.stderr}")


if __name__ == "__main__":
    from distributed import Client, wait

    client = Client(*sys.argv[1:])
    # A shard whose worker dies runs again on another one, and goes on with the parts that are whole.
    wait(shards := client.map(shard, range(1, SHARDS + 1), pure=False))
    for failed in (future.exception() for future in shards if future.status == "error"):
        print(failed, file=sys.stderr)
    client.close()
    # Names the shards that are missing, if any are.
    sys.exit(subprocess.run(["sysworld", "merge", OUT@MERGE@]).returncode)
