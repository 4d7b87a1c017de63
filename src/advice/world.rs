//! Advice on a world by itself.

use super::{Advice, target};
use crate::world::World;

/// What is legal in a world and surely not meant.
pub fn of_world(world: &World) -> Vec<Advice> {
    target::unresolved(world).into_iter().collect()
}
