//! The names that rows have of a world: made once a segment, so that no row has to look them up.

use std::sync::Arc;

use crate::world::World;

/// Names of servers and causes by index.
#[derive(Debug, Default)]
pub(super) struct Names {
    servers: Vec<Arc<str>>,
    causes: Vec<Arc<str>>,
    actions: Vec<Arc<str>>,
}

impl Names {
    /// Those of a world.
    pub fn of(world: &World) -> Self {
        let servers = world.servers.iter().map(|server| server.name.get_ref());
        // After the scenarios, as one more, a dependency that is down.
        let causes = (0..=world.chaos.len()).map(|cause| world.cause_name(cause));
        Self {
            servers: servers.map(|name| name.as_str().into()).collect(),
            causes: causes.map(Arc::from).collect(),
            actions: world
                .remediation
                .iter()
                .map(|action| action.name.get_ref().as_str().into())
                .collect(),
        }
    }

    /// The name of a server.
    pub fn server(&self, server: usize) -> Arc<str> {
        Arc::clone(&self.servers[server])
    }

    /// The name of an action.
    pub fn action(&self, action: usize) -> Arc<str> {
        Arc::clone(&self.actions[action])
    }

    /// What may have caused an incident, as tables, counts and page have it: joined by `+`; `None`
    /// without a cause.
    pub fn cause(&self, causes: impl IntoIterator<Item = usize>) -> Option<Arc<str>> {
        let mut causes = causes.into_iter().map(|cause| &self.causes[cause]);
        let first = causes.next()?;
        let Some(second) = causes.next() else {
            return Some(Arc::clone(first));
        };
        let mut text = format!("{first}+{second}");
        for further in causes {
            text.push('+');
            text.push_str(further);
        }
        Some(text.into())
    }
}
