#!/bin/bash
#SBATCH --job-name=@NAME@
#SBATCH --cpus-per-task=@THREADS@
#SBATCH --requeue
#SBATCH --open-mode=append
# Add what your cluster asks for, with one # in place of two:
##SBATCH --partition=short
##SBATCH --account=project
##SBATCH --time=01:00:00
##SBATCH --mem=@MEMORY@M
#
# @SHARDS@ shards of an experiment, then their merge. Printed by:
#   @COMMAND@
# Save this as sweep.slurm in the folder that its paths are relative to, and submit both jobs there:
#   sbatch --dependency=afterany:$(sbatch --parsable --array=1-@SHARDS@ sweep.slurm) sweep.slurm
# Each task of the array runs a shard; the job that is no array merges. After a task that was requeued
# or submitted again, parts that are whole stay. A merge (afterany: also after failures) that lacks
# shards prints the line that submits them again.

: "${SLURM_JOB_ID:?submit this file with sbatch, as its first lines say}"
experiment=@EXPERIMENT@
out=@OUT@
shards=@SHARDS@

if [ -n "${SLURM_ARRAY_TASK_ID:-}" ]; then
    # exec: SIGTERM reaches the program itself, which then ends within seconds.
    exec sysworld run "$experiment" --shard "auto/$shards" --out "$out"@OPTIONS@ \
        --threads "$SLURM_CPUS_PER_TASK" --quiet
fi

missing=1-$shards
if [ -e "$out/manifest.json" ]; then
    missing=$(sysworld status "$out" --missing --shards "$shards") || exit
fi
if [ -z "$missing" ]; then
    exec sysworld merge "$out"@MERGE@
fi
# Slurm runs a copy of this file, and knows the original.
file=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=//p')
echo "Shards are missing: $missing. This submits them again, and the merge after them:"
# shellcheck disable=SC2016
printf 'sbatch --dependency=afterany:$(sbatch --parsable --array=%s %q) %q\n' "$missing" "$file" "$file"
exit 1
