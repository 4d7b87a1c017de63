//! What was answered by responders that have to be asked.

use std::collections::BTreeMap;

/// The answers of one replication, or of all of a design point.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// By [`Answered`].
    totals: [u64; Answered::ALL.len()],
    /// Answers by how long they took, in milliseconds.
    pub latency_ms: BTreeMap<u32, u64>,
}

/// What is counted of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Answered {
    /// Rounds that were answered.
    Answers,
    /// Of these, without an answer that could be understood.
    Invalid,
    /// Calls that were made for them.
    Requests,
    /// Alerts that were answered.
    Choices,
    /// Of these, as the runbook says.
    Agreed,
    /// Tokens of prompts.
    PromptTokens,
    /// Tokens of completions.
    CompletionTokens,
}

impl Answered {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Answers,
        Self::Invalid,
        Self::Requests,
        Self::Choices,
        Self::Agreed,
        Self::PromptTokens,
        Self::CompletionTokens,
    ];

    /// Its name in the `counts` tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Invalid => "answers_invalid",
            Self::Requests => "answers_requests",
            Self::Choices => "answers_choices",
            Self::Agreed => "answers_agreed",
            Self::PromptTokens => "answers_prompt_tokens",
            Self::CompletionTokens => "answers_completion_tokens",
        }
    }
}

impl Answers {
    /// A total.
    pub fn total(&self, of: Answered) -> u64 {
        self.totals[of as usize]
    }

    /// Adds to a total.
    pub fn count(&mut self, of: Answered, more: u64) {
        self.totals[of as usize] += more;
    }

    /// Adds answers that took so many milliseconds.
    pub fn took(&mut self, latency_ms: u32, answers: u64) {
        *self.latency_ms.entry(latency_ms).or_default() += answers;
    }

    /// Adds those of another replication.
    pub fn add(&mut self, other: &Self) {
        for of in Answered::ALL {
            self.count(of, other.total(of));
        }
        for (latency, answers) in &other.latency_ms {
            self.took(*latency, *answers);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.totals = Default::default();
        self.latency_ms.clear();
    }

    /// The least latency that so many per mille of the answers do not exceed.
    pub fn latency(&self, per_mille: u64) -> Option<u32> {
        let all: u64 = self.latency_ms.values().sum();
        let wanted = (all * per_mille).div_ceil(1000).max(1);
        let mut below = 0;
        self.latency_ms.iter().find_map(|(latency, answers)| {
            below += answers;
            (below >= wanted).then_some(*latency)
        })
    }
}
