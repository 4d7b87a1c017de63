//! What happens in a replication, as observers are told of it.

use crate::world::AlertKind;

/// One alert of a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alert {
    /// Index of the server.
    pub server: usize,
    /// What it is about.
    pub kind: AlertKind,
    /// Critical, else a warning.
    pub critical: bool,
    /// The value that raised it: percent, milliseconds, health, or the number of services down.
    pub value: f64,
}

/// A server that an event hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index of the server.
    pub server: usize,
    /// Something changed there.
    pub changed: bool,
}

/// An event of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strike<'a> {
    /// Index of the scenario.
    pub scenario: usize,
    /// Rounds that its lasting effects stay active; 0: until remediated.
    pub rounds: u32,
    /// Whom it hit: its target, then the others in file order.
    pub hits: &'a [Hit],
}

/// How an alert was handled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Handling {
    /// The alert.
    pub alert: Alert,
    /// Index of the action.
    pub action: usize,
    /// The action was not the runbook's choice.
    pub misdiagnosed: bool,
    /// What came of it.
    pub response: Response,
}

/// What came of handling an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// The action was cooling down; it is free in the given round.
    Blocked(u32),
    /// It was executed, in vain.
    Failed,
    /// It was executed.
    Succeeded {
        /// Something changed there.
        changed: bool,
    },
    /// It was begun, and is over in the respond phase of the given round.
    UnderWay(u32),
}

impl Response {
    /// Its name in tables, and to whoever responds.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked(_) => "blocked",
            Self::Failed => "failed",
            Self::Succeeded { .. } => "succeeded",
            Self::UnderWay(_) => "under_way",
        }
    }
}

/// A step of the case of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseStep {
    /// It raised its first alert.
    Opened,
    /// Someone knows of it.
    Detected,
    /// It is acknowledged.
    Acknowledged,
    /// Someone attends to it.
    Attended,
    /// Whoever attended to it goes on to another server.
    Left,
    /// It raises no more alerts.
    Closed,
}

/// A time in which a server was down at its checks. Times are in half rounds from the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Index of the server.
    pub server: usize,
    /// When it opened.
    pub opened: u32,
    /// When its first alert was handled.
    pub handled: Option<u32>,
    /// When it was detected, while it was open; `None` also in a world without cases.
    pub detected: Option<u32>,
    /// When it was acknowledged, while it was open.
    pub acknowledged: Option<u32>,
    /// When it closed and by what; `None` if it was open at the end.
    pub closed: Option<(u32, ClosedBy)>,
    /// Time to resolve, or time open until the last assess.
    pub ttr: u32,
}

/// What ended an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedBy {
    /// A remediation succeeded on the server since the check before.
    Action,
    /// It passed by itself.
    Recovery,
}
