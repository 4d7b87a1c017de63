//! Advice on durations: what outlasts every replication, and scales of nothing.

use super::{Advice, short};
use crate::world::{Duration, World};

/// A duration of which a smaller share ends within a replication is nearly always as long as that.
const ENDS_IN_TIME: f64 = 1e-3;

/// Durations that do not say what they were written for.
pub(super) fn misread(world: &World) -> Vec<Advice> {
    let advice = world.durations().into_iter();
    let advice = advice.filter_map(|(path, duration, scale)| match duration.fixed() {
        None => outlasting(world, &path, duration, scale),
        Some(rounds) => (rounds == 0 && scale != 1.0).then(|| scales_nothing(&path, scale)),
    });
    advice.collect()
}

/// A drawn duration that hardly ever ends before the replication does.
fn outlasting(world: &World, path: &str, duration: &Duration, scale: f64) -> Option<Advice> {
    let ends = duration.within(world.rounds.into(), scale);
    (ends < ENDS_IN_TIME).then(|| {
        let message = format!(
            "`{path}` is longer than the {} rounds of a replication in all but {} % of its draws",
            world.rounds,
            short(100.0 * ends)
        );
        Advice::general(message).help(
            "durations are in rounds; 0 lasts until something ends it, and `sysworld worlds` shows \
             how long the others are",
        )
    })
}

/// 0 times a scale.
fn scales_nothing(path: &str, scale: f64) -> Advice {
    let message = format!(
        "`{path}` is 0, which its scale of {} leaves at 0",
        short(scale)
    );
    Advice::general(message).help("a scale multiplies durations of 1 round and more")
}
