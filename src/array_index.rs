//! `--shard auto/N`: which shard this process is, from the variable that a job array sets.

use sysworld::sweep::Shard;

/// A variable that holds the index of a task in a job array, and the first index.
struct IndexVariable {
    name: &'static str,
    first: u32,
    /// What the scheduler sets in a job that is no array.
    not_an_array: Option<&'static str>,
}

const VARIABLES: [IndexVariable; 6] = [
    variable("SLURM_ARRAY_TASK_ID", 1, None),
    variable("JOB_COMPLETION_INDEX", 0, None),
    variable("AWS_BATCH_JOB_ARRAY_INDEX", 0, None),
    variable("SGE_TASK_ID", 1, Some("undefined")),
    variable("PBS_ARRAY_INDEX", 1, None),
    variable("LSB_JOBINDEX", 1, Some("0")),
];

const fn variable(
    name: &'static str,
    first: u32,
    not_an_array: Option<&'static str>,
) -> IndexVariable {
    IndexVariable {
        name,
        first,
        not_an_array,
    }
}

/// Reads `i/N` as it is, and `auto/N` with the index from the environment.
pub fn shard(text: &str) -> Result<Shard, String> {
    match text.strip_prefix("auto/") {
        Some(of) => from_environment(of),
        None => text
            .parse()
            .map_err(|e| format!("{e}; or auto/N in a job array")),
    }
}

/// N is never taken from the scheduler: its count is that of a resubmission, not of the sweep.
fn from_environment(of: &str) -> Result<Shard, String> {
    // Checks N, with the message of `i/N`.
    let Shard { of, .. } = format!("1/{of}").parse()?;
    let set: Vec<(&IndexVariable, String)> = VARIABLES
        .iter()
        .filter_map(|variable| {
            let value = std::env::var_os(variable.name)?;
            Some((variable, value.to_string_lossy().into_owned()))
        })
        .filter(|(variable, value)| variable.not_an_array != Some(value.as_str()))
        .collect();
    let (variable, index) = match &set[..] {
        [only] => only,
        [] => {
            return Err(format!(
                "auto needs the index of a job array in one of {}",
                all()
            ));
        }
        [(one, _), (other, _), ..] => {
            return Err(format!(
                "{} and {} are both set, so the index is ambiguous; say it as i/{of}",
                one.name, other.name
            ));
        }
    };
    let (first, last) = (variable.first, variable.first + of - 1);
    match index.parse::<u32>() {
        Ok(index) if (first..=last).contains(&index) => Ok(Shard {
            index: index - first + 1,
            of,
        }),
        _ => Err(format!(
            "{} is {index:?}; allowed with {of} shards: {first} to {last}",
            variable.name
        )),
    }
}

fn all() -> String {
    VARIABLES.map(|variable| variable.name).join(", ")
}
