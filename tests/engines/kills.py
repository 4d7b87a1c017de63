"""SIGKILLs of shards at random moments: `kills.py N`, N of them, 20 in each sweep; then run again, merged: the
bytes of one run."""

import os
import random
import shutil
import sys
import time

from support import SHARDS, Sandbox

KILLS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
EACH = 20
box = Sandbox()
seed = int(os.environ.get("SEED", time.time_ns() % 10**6))
chance = random.Random(seed)
print(f"seed {seed}")
killed = ended = half = files = 0
while killed < KILLS:
    shutil.rmtree(box.root / "my results", ignore_errors=True)
    now = 0
    while now < min(EACH, KILLS - (killed - now)):
        # One to three shards at work at once, in one folder.
        picked = chance.sample(range(1, SHARDS + 1), chance.randint(1, 3))
        command = ["sysworld", "run", "my experiment.toml", "--quiet", "--threads=1", "--out=my results", "--shard"]
        running = [box.starts(*command, f"{i}/{SHARDS}") for i in picked]
        # Mostly amid the work; some before it has begun.
        time.sleep(chance.choice([chance.uniform(0, 0.02), chance.uniform(0, 0.4)]))
        for process in running:
            process.kill()
            if process.wait() == -9:
                now, killed = now + 1, killed + 1
            else:
                ended += 1
        half += len(list(box.root.glob("my results/*/.part*.tmp")))
    for i in range(1, SHARDS + 1):
        box.run(*command, f"{i}/{SHARDS}")
    box.run("sysworld", "merge", "my results")
    files += box.same("my results")
print(f"{killed} shards killed ({ended} were done before), {half} files left half written; {files} files compared: 0 differ")
box.remove()
