# @SHARDS@ shards of an experiment, then their merge. Printed by:
#   @COMMAND@
# Save this as Snakefile in the folder that its paths are relative to, and:
#   snakemake --cores all
# on this machine, or with the plugin of an executor, on a cluster:
#   snakemake --executor slurm --jobs @SHARDS@
# A shard that is killed or fails is tried again, and goes on with the parts that are whole. An empty
# file says that a shard is done; the results folder itself is the truth, and the merge checks it.

EXPERIMENT = @EXPERIMENT@
OUT = @OUT@
SHARDS = @SHARDS@


rule all:
    input:
        OUT + "/summary.parquet",


rule shard:
    output:
        touch(OUT + ".shards/{i}-of-@SHARDS@"),
    params:
        experiment=EXPERIMENT,
        out=OUT,
        options=@OPTIONS@,
    threads: @THREADS@
    resources:
        mem_mb=@MEMORY@,
    retries: 3
    shell:
        "exec sysworld run {params.experiment:q} --shard {wildcards.i}/@SHARDS@ --out {params.out:q}"
        " {params.options} --threads {threads} --quiet"


rule merge:
    input:
        expand(OUT + ".shards/{i}-of-@SHARDS@", i=range(1, SHARDS + 1)),
    output:
        OUT + "/summary.parquet",
    params:
        out=OUT,
    resources:
        mem_mb=@MEMORY@,
    shell:
        "exec sysworld merge {params.out:q}@MERGE@"
