//! The alerts of a round, and the actions that come of them.

use super::row::{LANES, Row};
use crate::simulation::streams::Luck;
use crate::world::AlertKind;

/// Kinds of alerts: bits of a server.
pub(super) const KINDS: usize = AlertKind::ALL.len();
/// Servers whose alerts share a word.
pub(super) const SERVERS_OF_A_WORD: usize = 64 / KINDS;
/// What the number of an alert has room for.
pub(super) const MOST_SERVERS: usize = u32::MAX as usize / (KINDS * 2 * LANES);
/// Alerts that are listed without asking whether there are so many.
pub(super) const AT_ONCE: usize = 4;

/// The alerts of a round: a bit for each server and kind, in the order in which they are handled.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    /// By word: critical alerts.
    pub critical: Vec<Row<u64>>,
    /// By word: all alerts, then those that are chosen to be handled.
    pub chosen: Vec<Row<u64>>,
    /// How many criticals a lane has.
    pub criticals: Row<u32>,
    /// How many alerts a lane can still bear.
    pub limits: Row<u32>,
    /// The alerts of a word that are handled, lane by lane.
    pub listed: Vec<Listed>,
    /// What is done about them.
    pub remedies: Vec<Remedy>,
}

/// An alert to handle, as one number, of which all is computed at once: (server × [`KINDS`] +
/// kind) × 2 + level, and last the lane.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Listed(u32);

/// An action that succeeds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Remedy {
    pub alert: Listed,
    pub action: u32,
    pub luck: Luck,
}

impl Listed {
    #[inline(always)]
    pub fn new(place: usize, critical: bool, lane: usize) -> Self {
        Self(((place * 2 + usize::from(critical)) * LANES + lane) as u32)
    }

    /// The one so many places later.
    #[inline(always)]
    pub fn later(self, places: usize) -> Self {
        Self(self.0 + (places * 2 * LANES) as u32)
    }

    #[inline(always)]
    pub fn lane(self) -> usize {
        self.0 as usize % LANES
    }

    /// Its line in the runbook.
    #[inline(always)]
    pub fn line(self) -> usize {
        self.0 as usize / LANES
    }

    #[inline(always)]
    pub fn server(self) -> usize {
        self.0 as usize / (LANES * 2 * KINDS)
    }
}

impl Alerts {
    pub fn resize(&mut self, servers: usize) {
        let words = servers.div_ceil(SERVERS_OF_A_WORD);
        self.critical.resize(words, Row::of(0));
        self.chosen.resize(words, Row::of(0));
        let most = LANES * u64::BITS as usize;
        self.listed.resize(most + AT_ONCE, Listed::default());
        self.remedies.resize(most + 1, Remedy::default());
    }

    /// The alerts of one server before any is chosen, a bit for each kind.
    #[inline(always)]
    pub fn of_server(&self, server: usize) -> Row<u32> {
        let all = &self.chosen[server / SERVERS_OF_A_WORD];
        let place = server % SERVERS_OF_A_WORD * KINDS;
        let mut alerts = Row::of(0);
        for lane in 0..LANES {
            alerts[lane] = (all[lane] >> place) as u32 & ((1 << KINDS) - 1);
        }
        alerts
    }

    /// Keeps only some alerts of a word; returns how many are taken out.
    #[inline(always)]
    pub fn keep(&mut self, word: usize, kept: &Row<u64>) -> Row<u32> {
        let (critical, all) = (&mut self.critical[word], &mut self.chosen[word]);
        let mut out = Row::of(0);
        for lane in 0..LANES {
            out[lane] = (all[lane] & !kept[lane]).count_ones();
            all[lane] &= kept[lane];
            critical[lane] &= kept[lane];
        }
        out
    }
}
