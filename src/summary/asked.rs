//! What was answered at a design point where whoever responds has to be asked.

use super::PointSummary;
use crate::counts::{Answered, Answers};
use crate::design::Design;
use crate::simulation::Count;
use crate::world::Price;

/// The answers of a design point.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The design point.
    pub point: usize,
    answers: Answers,
    declined: u64,
    price: Option<Price>,
}

impl Asked {
    /// The answers of a point; `None` where nobody has to be asked.
    pub fn of(design: &Design, row: &PointSummary) -> Option<Self> {
        let asked = design.variation(row.point).asked;
        asked.then(|| Self {
            point: row.point,
            answers: row.answers.clone(),
            declined: row.total(Count::ActionsDeclined),
            price: design.price(row.point),
        })
    }

    /// A total of the answers.
    pub fn total(&self, of: Answered) -> u64 {
        self.answers.total(of)
    }

    /// Alerts about which nothing was chosen.
    pub fn declined(&self) -> u64 {
        self.declined
    }

    /// Share of the choices that are the runbook's, 0 to 1; `None` without any.
    pub fn agreement(&self) -> Option<f64> {
        let (choices, agreed) = (self.total(Answered::Choices), self.total(Answered::Agreed));
        (choices > 0).then(|| agreed as f64 / choices as f64)
    }

    /// Tokens of prompts and of completions. A program has none, which is not the same as 0.
    pub fn tokens(&self) -> Option<[u64; 2]> {
        let tokens = self.all_tokens();
        (tokens != [0, 0]).then_some(tokens)
    }

    /// Dollars that the tokens cost, if the responder has a price.
    pub fn usd(&self) -> Option<f64> {
        Some(self.price?.of(self.all_tokens()))
    }

    /// Milliseconds that so many per mille of the answers took at most.
    pub fn latency_ms(&self, per_mille: u64) -> Option<u32> {
        self.answers.latency(per_mille)
    }

    fn all_tokens(&self) -> [u64; 2] {
        [Answered::PromptTokens, Answered::CompletionTokens].map(|of| self.total(of))
    }
}
