"""Slurm: the printed file, submitted as its first lines say. One task is cancelled, and a node dies amid a
write; the merge prints the line that submits what is missing, and that line ends with the bytes of one run.

Without systemd: a controller and two nodes on loopback."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

from support import SHARDS, Sandbox, skip, until

TOOLS = ["slurmctld", "slurmd", "sbatch", "munged"]
if missing := [tool for tool in TOOLS if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin")]:
    skip(f"Slurm: {', '.join(missing)} not installed")
if os.geteuid() != 0:
    skip("Slurm: its daemons need root")

os.environ["PATH"] += ":/usr/sbin"
box = Sandbox()
# Slurm's daemons take no spaces in their configuration.
home = os.path.realpath(subprocess.check_output(["mktemp", "-d"], text=True).strip())
for folder in ("state", "log", "n1", "n2", "munge"):
    os.mkdir(f"{home}/{folder}", 0o700)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


host = socket.gethostname().split(".")[0]
control, one, two = free_port(), free_port(), free_port()
open(f"{home}/slurm.conf", "w").write(f"""
ClusterName=engines
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge/socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmctldPort={control}
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/%n
SlurmctldPidFile={home}/ctld.pid
SlurmdPidFile={home}/%n.pid
SlurmctldLogFile={home}/log/ctld
SlurmdLogFile={home}/log/%n
ReturnToService=2
SlurmdTimeout=5
JobRequeue=1
SchedulerParameters=sched_interval=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={one} CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={two} CPUs=1 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
""")
box.env["SLURM_CONF"] = f"{home}/slurm.conf"
box.env["PATH"] += ":/usr/sbin"
with open(f"{home}/munge/key", "wb") as key:
    os.fchmod(key.fileno(), 0o600)
    key.write(os.urandom(64))
munge = [f"--{name}={home}/munge/{file}" for name, file in
         [("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed")]]
daemons = []


def daemon(*command):
    daemons.append(box.starts(*command, cwd=home, start_new_session=True))
    return daemons[-1]


def children(pid):
    """A process and all below it."""
    found, text = [pid], subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True).stdout
    pairs = [line.split() for line in text.splitlines()[1:]]
    for parent in found:
        found += [int(child) for child, above in pairs if int(above) == parent]
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def jobs():
    return box.ends("squeue", "--noheader", "--format=%i %T").stdout


try:
    daemon("munged", "--foreground", "--force", *munge)
    until(lambda: os.path.exists(f"{home}/munge/socket"), "munged")
    daemon("slurmctld", "-D", "-i", "-f", f"{home}/slurm.conf")
    nodes = {name: daemon("slurmd", "-D", "-N", name, "-f", f"{home}/slurm.conf") for name in ("n1", "n2")}
    until(lambda: box.ends("sinfo", "-hN", "-o", "%t").stdout.split() == ["idle", "idle"], "two idle nodes")

    text = box.job("slurm", "sweep.slurm")
    submit = re.search(r"^#   (sbatch --dependency=.*)$", text, re.M)[1]
    print(f"$ {submit}")
    box.run("bash", "-c", submit)
    # The last task never runs.
    array = until(lambda: re.search(rf"^(\d+)_", jobs(), re.M), "the array")[1]
    box.run("scancel", f"{array}_{SHARDS}")

    def amid_a_write():
        """A shard on the node n1 that has a part half written, with its process."""
        running = box.ends("squeue", "-h", "-t", "R", "-w", "n1", "-o", "%K").stdout.split()
        for pid in box.at_work():
            try:
                index = re.search(r"SLURM_ARRAY_TASK_ID=(\d+)\0", open(f"/proc/{pid}/environ").read())[1]
                step = int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            if index not in running or not half_written(index):
                continue
            # Held still while we look again, since a write takes a few milliseconds.
            try:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(0.05)
                if half_written(index):
                    return index, pid, step
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
        return None

    def half_written(shard):
        return list(box.root.glob(f"my results/*/.part*.{shard}-of-{SHARDS}.*.tmp"))

    # The node dies: its daemon, the step and the shard, all at once.
    shard, own, step = until(amid_a_write, "a shard amid a write on n1")
    for pid in [own, step, *children(nodes["n1"].pid)]:
        kill(pid)
    left = len(half_written(shard))
    print(f"node n1 killed amid shard {shard}: {left} files half written")
    assert left > 0, "nothing was being written"
    died = time.monotonic()

    # Its task is requeued, runs on n2, and the merge comes after all tasks.
    until(lambda: not jobs(), "the array and its merge", 150)
    outs = sorted(box.root.glob("slurm-*.out"), key=lambda path: path.stat().st_mtime)
    said = outs[-1].read_text()
    again = [line for line in said.splitlines() if line.startswith("sbatch ")]
    assert again, [(path.name, path.read_text()) for path in outs]
    print(f"{time.monotonic() - died:.0f} s later the merge says:\n{said}$ {again[0]}")
    assert f"--array={SHARDS} " in again[0], again
    assert not (box.root / "my results/summary.parquet").exists()
    box.run("bash", "-c", again[0])
    until(lambda: not jobs(), "the missing task and its merge")
    print(f"{box.same('my results')} files have the bytes of one run")
    box.remove()
finally:
    for process in reversed(daemons):
        for pid in reversed(children(process.pid)):
            kill(pid)
        process.wait()
shutil.rmtree(home)
