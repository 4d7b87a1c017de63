//! What a replication is counted as.

use super::model::Model;

/// Declares what a replication is counted as, once: a line is a field of [`Outcome`], a column of
/// [`Outcomes`] and, for those summed over replications, a [`Count`].
macro_rules! outcome {
    (
        judged { $($(#[$judged_doc:meta])* $judged:ident: $judged_type:ty;)* }
        counted { $($(#[$doc:meta])* $count:ident, $name:ident, $about:literal;)* }
    ) => {
        /// The counts of one replication.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct Outcome {
            $($(#[$judged_doc])* pub $judged: $judged_type,)*
            $($(#[$doc])* pub $name: u32,)*
        }

        /// The outcomes of replications, a list a count.
        #[derive(Debug, Default)]
        pub struct Outcomes {
            $(#[doc = concat!("See [`Outcome::", stringify!($judged), "`].")]
            pub $judged: Vec<$judged_type>,)*
            /// By [`Count`].
            counts: [Vec<u32>; Count::ALL.len()],
        }

        /// A count of a replication that is also summed over replications.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum Count {
            $($(#[$doc])* $count,)*
        }

        impl Count {
            /// All of them, in the order of the columns.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$count),*];

            /// Its column.
            pub fn name(self) -> &'static str {
                match self { $(Self::$count => stringify!($name),)* }
            }

            /// What its column says.
            pub fn about(self) -> &'static str {
                match self { $(Self::$count => $about,)* }
            }

            /// Its value in an outcome.
            #[inline(always)]
            pub fn of(self, outcome: &Outcome) -> u32 {
                match self { $(Self::$count => outcome.$name,)* }
            }
        }

        impl Outcomes {
            /// Empty, preallocated to avoid fragmentation.
            pub fn with_capacity(replications: usize) -> Self {
                Self {
                    $($judged: Vec::with_capacity(replications),)*
                    counts: Count::ALL.map(|_| Vec::with_capacity(replications)),
                }
            }

            /// Adds a replication.
            #[inline]
            pub fn push(&mut self, outcome: &Outcome) {
                $(self.$judged.push(outcome.$judged);)*
                $(self.counts[Count::$count as usize].push(outcome.$name);)*
            }

            /// Removes all replications and keeps the memory.
            pub fn clear(&mut self) {
                $(self.$judged.clear();)*
                self.counts.iter_mut().for_each(Vec::clear);
            }

            /// One count of all replications.
            pub fn counts(&self, count: Count) -> &[u32] {
                &self.counts[count as usize]
            }
        }
    };
}

outcome! {
    judged {
        /// Server checks that found the server up, of servers × rounds.
        up_checks: u32;
        /// Rounds in which the user journey worked; 0 in a world without one. Of several journeys
        /// the sum, each round counted by the weights of those that worked.
        journey_up_rounds: u32;
        /// The SLA was met.
        sla_met: bool;
        /// Sum of the times to resolve of the closed incidents, in half rounds.
        ttr_half_rounds: u64;
    }
    counted {
        /// Injections of chaos, also those that changed nothing.
        Events, events, "injections of chaos, also those that changed nothing";
        /// Incidents that opened.
        Incidents, incidents, "incidents that opened";
        /// Incidents that were open at the end.
        IncidentsOpen, incidents_open, "incidents open at the end";
        /// Alerts raised.
        Alerts, alerts, "alerts raised";
        /// Alerts handled.
        AlertsHandled, alerts_handled, "alerts handled";
        /// Alerts of servers that nobody attended to yet, or on which an action was under way.
        AlertsWaiting, alerts_waiting,
            "alerts that waited: nobody attended to the server yet, or an action was under way on it";
        /// Alerts handled without the runbook.
        Misdiagnoses, misdiagnoses, "alerts handled without the runbook";
        /// Actions executed.
        Actions, actions, "remediations executed";
        /// Actions executed in vain.
        ActionsFailed, actions_failed, "remediations executed in vain";
        /// Actions not executed, because they were cooling down.
        ActionsBlocked, actions_blocked, "remediations blocked by a cooldown";
        /// Alerts about which the responder chose to do nothing.
        ActionsDeclined, actions_declined, "alerts about which the responder chose to do nothing";
        /// Rounds with more critical alerts than the SRE can bear.
        OverwhelmedRounds, overwhelmed_rounds,
            "rounds with more critical alerts than the panic threshold";
    }
}

impl Outcome {
    /// What counts towards the SLA: rounds with a working journey if it is held to the journey,
    /// else up checks.
    #[inline(always)]
    pub fn good(&self, model: &Model) -> u32 {
        if model.sla_on_journey {
            self.journey_up_rounds
        } else {
            self.up_checks
        }
    }

    /// Holds the counts to the SLA.
    #[inline(always)]
    pub(super) fn judge(&mut self, model: &Model) {
        self.sla_met = u64::from(self.good(model)) >= model.sla_least;
    }
}
