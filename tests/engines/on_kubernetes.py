"""Kubernetes: the printed manifest is valid to the letter, and its containers, run one by one as pods would be,
with what the ConfigMap holds and the index that the Job sets, give the bytes of one run."""

import importlib.util
import sys

from support import SHARDS, Sandbox, skip

if importlib.util.find_spec("kubernetes_validate") is None:
    skip("Kubernetes: the package kubernetes-validate is not installed")
import yaml

box = Sandbox()
# An experiment that reads another file, with what YAML could take for its own.
world = 'name = "w" # : - { "yes"\nextends = "cloudinfra"\n\nrounds = 12\n'
(box.root / "w.toml").write_text(world)
experiment = 'world = "w.toml"\n' + (box.root / "my experiment.toml").read_text()
(box.root / "my experiment.toml").write_text(experiment)
box.run("sysworld", "run", "my experiment.toml", "--quiet", "--no-report", "--force", "--out", "whole", "--seed=7")
text = box.job("kubernetes", "sweep.yaml", "--seed=7", "--image=registry.example/sysworld:1")
validate = [sys.executable, "-m", "kubernetes_validate"]
for version in ("1.29.0", "1.33.0", "1.37.0"):
    box.run(*validate, "--strict", "--kubernetes-version", version, "sweep.yaml")
# The check can fail.
(box.root / "wrong.yaml").write_text(text.replace("backoffLimitPerIndex", "backoffLimitPerIndices"))
assert box.ends(*validate, "--strict", "wrong.yaml").returncode != 0

claim, config, shards, merge = yaml.safe_load_all(text)
(volume := box.root / "volume").mkdir()
(mounted := box.root / "mounted").mkdir()
job = shards["spec"]["template"]["spec"]
for item in job["volumes"][1]["configMap"]["items"]:
    (mounted / item["path"]).write_text(config["data"][item["key"]])
assert (mounted / "w.toml").read_text() == world
assert (mounted / "my experiment.toml").read_text() == experiment


def pod(job, index=None):
    container = job["spec"]["template"]["spec"]["containers"][0]
    args = [word.replace("/experiment/", f"{mounted}/") for word in container["args"]]
    env = {**box.env, **({} if index is None else {"JOB_COMPLETION_INDEX": str(index)})}
    return box.run("sysworld", *args, cwd=volume, env=env)


assert shards["spec"]["completions"] == SHARDS
for index in range(SHARDS):
    pod(shards, index)
pod(merge)
print(f"valid for 1.29, 1.33, 1.37; {box.same('volume/my results')} files have the bytes of one run")
box.remove()
