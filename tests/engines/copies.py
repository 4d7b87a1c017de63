"""Six shards, each with a folder of its own on local scratch, copied together as archives and merged."""

from support import SHARDS, Sandbox

box = Sandbox()
copied = []
for i in range(1, SHARDS + 1):
    scratch = f"scratch {i}"
    box.run("sysworld", "run", "my experiment.toml", "--shard", f"{i}/{SHARDS}", "--quiet", "--out", scratch)
    box.run("bash", "-c", f"tar -C '{scratch}' -cf 'shard-{i}.tar' . && rm -r '{scratch}'")
    box.run("bash", "-c", f"mkdir -p 'copied/{i}' && tar -C 'copied/{i}' -xf 'shard-{i}.tar'")
    copied.append(f"copied/{i}")
    if i == SHARDS - 1:
        done = box.ends("sysworld", "merge", *copied, "--out", "merged")
        said = f"shard {SHARDS} of {SHARDS} is not finished"
        assert done.returncode == 1 and said in done.stderr, done
box.run("sysworld", "merge", *reversed(copied), "--out", "merged")
print(f"{SHARDS} folders copied; {box.same('merged')} files have the bytes of one run")
box.remove()
