//! From the effects of actions to rows that are applied without asking what they are.

use super::model::{ActionModel, ActionRow, ActionStep, Change};

/// A row for each action.
pub(super) fn action_rows(actions: &[ActionModel], scenarios: usize) -> Vec<ActionRow> {
    let row = |action: &ActionModel| row(&action.effects, scenarios);
    actions.iter().map(row).collect()
}

/// What stands alone goes into the row: the only step that touches a base, the only restart, and
/// every end. The rest stays as steps, in their order. Nothing of the one touches the other, so
/// neither need come first.
fn row(effects: &[ActionStep], scenarios: usize) -> ActionRow {
    let mut row = ActionRow {
        changes: [Change::NONE; 3],
        restart: 0,
        keeps: vec![-1; scenarios],
        steps: Vec::new(),
    };
    let alone = |step: &ActionStep| {
        let same = |other: &&ActionStep| touched(other) == touched(step);
        effects.iter().filter(same).count() == 1
    };
    for step in effects {
        match step {
            ActionStep::Change(metric, change) if alone(step) => {
                row.changes[*metric as usize] = *change;
            }
            ActionStep::RestartService if alone(step) => row.restart = 1,
            ActionStep::End(scenarios) => {
                for scenario in scenarios {
                    row.keeps[*scenario] = 0;
                }
            }
            other => row.steps.push(other.clone()),
        }
    }
    row
}

/// What a step reads or writes, as a number: a base, or else what only its like touch.
fn touched(step: &ActionStep) -> usize {
    match step {
        ActionStep::Change(metric, _) | ActionStep::Draw(metric, _) => *metric as usize,
        ActionStep::RestartService => 3,
        ActionStep::End(_) => 4,
        ActionStep::PromoteReplica => 5,
    }
}
