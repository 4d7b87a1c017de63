//! The names that rows have of a world: made once a segment, so that no row has to look them up.

use std::sync::Arc;

use crate::world::World;

/// Names of servers and scenarios by index.
#[derive(Debug, Default)]
pub(super) struct Names {
    servers: Vec<Arc<str>>,
    scenarios: Vec<Arc<str>>,
}

impl Names {
    /// Those of a world.
    pub fn of(world: &World) -> Self {
        let servers = world.servers.iter().map(|server| server.name.get_ref());
        let scenarios = world.chaos.iter().map(|scenario| scenario.name.get_ref());
        Self {
            servers: servers.map(|name| name.as_str().into()).collect(),
            scenarios: scenarios.map(|name| name.as_str().into()).collect(),
        }
    }

    /// How many scenarios there are.
    pub fn scenarios(&self) -> usize {
        self.scenarios.len()
    }

    /// The name of a server.
    pub fn server(&self, server: usize) -> Arc<str> {
        Arc::clone(&self.servers[server])
    }

    /// A cause as tables, counts and page have it: scenarios joined by `+`; `None` without one.
    pub fn cause(&self, scenarios: impl IntoIterator<Item = usize>) -> Option<Arc<str>> {
        let mut scenarios = scenarios
            .into_iter()
            .map(|scenario| &self.scenarios[scenario]);
        let first = scenarios.next()?;
        let Some(second) = scenarios.next() else {
            return Some(Arc::clone(first));
        };
        let mut text = format!("{first}+{second}");
        for further in scenarios {
            text.push('+');
            text.push_str(further);
        }
        Some(text.into())
    }
}
