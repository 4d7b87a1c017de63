//! What a part is, as one hash: it stands in the part's line of the ledger and in its Parquet
//! files, and is checked whenever they are read, so that no file of another sweep passes for one
//! of this.

use serde::Serialize;

use crate::design::Design;
use crate::simulation::{MODEL_VERSION, RANDOM_LAYOUT};
use crate::sweep::Part;

/// BLAKE3 in hex of everything that the rows of a part follow from: model, seed, its place in the
/// plan, and of each of its segments the design point (by its key, a hash of its world, chaos and
/// skill), the levels that its rows name, and the replications.
///
/// What a sweep gets later, by an extension or another analysis, is not among it: old parts stay
/// as they are.
pub(super) fn stamp(design: &Design, part: &Part) -> String {
    let experiment = design.experiment();
    let mut hash = blake3::Hasher::new();
    add(
        &mut hash,
        &(
            "sysworld part 1",
            (MODEL_VERSION, RANDOM_LAYOUT),
            (experiment.seed, experiment.random_numbers),
            part.id,
        ),
    );
    for segment in &part.segments {
        let key = design.key(segment.point).to_string();
        let levels = design.describe(segment.point);
        add(&mut hash, &(key, levels, segment.first, segment.count));
    }
    hash.finalize().to_string()
}

/// As JSON, so that no two lists of values look alike.
fn add(hash: &mut blake3::Hasher, value: &impl Serialize) {
    // Texts and whole numbers, so this can't fail.
    hash.update(&serde_json::to_vec(value).unwrap_or_default());
}
