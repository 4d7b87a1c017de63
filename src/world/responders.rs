//! Who responds to alerts, where that is not the skill by its rules.

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::{NameAt, World};

/// Who responds to alerts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Responder {
    /// What chooses the actions.
    pub kind: Spanned<ResponderKind>,
}

/// What chooses the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponderKind {
    /// The skill: the runbook's action, or by its accuracy a wrong one.
    Rules,
    /// The runbook's action, always.
    Runbook,
    /// An action at random.
    Random,
    /// Nothing is done.
    None,
}

impl ResponderKind {
    /// The kinds without keys. Each is also a name that every world knows.
    pub const PLAIN: [Self; 4] = [Self::Rules, Self::Runbook, Self::Random, Self::None];

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Runbook => "runbook",
            Self::Random => "random",
            Self::None => "none",
        }
    }

    /// The kind without keys of a name.
    pub fn plain(name: &str) -> Option<Self> {
        Self::PLAIN.into_iter().find(|kind| kind.name() == name)
    }
}

impl Responder {
    fn plain(kind: ResponderKind) -> Self {
        Self {
            kind: Spanned::new(0..0, kind),
        }
    }

    /// Whether alerts are diagnosed by the accuracy of the skill.
    pub fn diagnoses(&self) -> bool {
        *self.kind.get_ref() == ResponderKind::Rules
    }

    /// What makes a design point another one; nothing for the rules, which every point has that names
    /// no responder.
    pub fn identity(&self) -> Option<ResponderKind> {
        (!self.diagnoses()).then(|| *self.kind.get_ref())
    }
}

impl World {
    /// The responder of a name: one of the world's, or a kind without keys.
    pub fn responder(&self, name: &str) -> Option<Responder> {
        let mut own = self.responders.iter();
        let own = own.find(|(own, _)| own.get_ref() == name);
        own.map(|(_, responder)| responder.clone())
            .or_else(|| ResponderKind::plain(name).map(Responder::plain))
    }

    /// The names that [`World::responder`] knows: the world's own, and the kinds without keys.
    pub fn responder_names(&self) -> Vec<&str> {
        let own = self
            .responders
            .iter()
            .map(|(name, _)| name.get_ref().as_str());
        let plain = ResponderKind::PLAIN.map(ResponderKind::name);
        let own: Vec<&str> = own.filter(|name| !plain.contains(name)).collect();
        own.into_iter().chain(plain).collect()
    }

    /// Who responds where an experiment does not say: whom the skill names, or else the rules.
    pub fn responder_of(&self, skill: &super::Skill) -> String {
        let named: Option<&NameAt> = skill.responder.as_ref();
        let name = named.map(|name| name.get_ref().as_str());
        name.unwrap_or(ResponderKind::Rules.name()).to_owned()
    }
}
