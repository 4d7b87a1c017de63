//! From a world to a [`Model`]: names become indices, conditions become tables.

use super::draws::{Others, draws, targets};
use super::durations::DurationModel;
use super::metrics::{drawn_model, uniform, usage_model};
use super::model::{
    ActionModel, ActionStep, CaseModel, Change, Growth, Instant, InstantEffect, Lasting, Model,
    ScenarioModel, ServerModel, While,
};
use super::rows::action_rows;
use super::services::services_model;
use super::streams::{Chance, Purpose, stream_key};
use crate::world::{
    Action, ActionEffect, AlertKind, AlertLevel, ChaosEffect, End, Finite, Hands, Indicator,
    Multiplied, NameAt, NonNegative, Phase, Quantity, Scenario, Server, Shock, Skill, World,
};

/// What a design point adds to its world.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Multiplies the probability of every scenario.
    pub chaos_multiplier: f64,
    /// Who responds.
    pub skill: &'a Skill,
    /// The master seed.
    pub seed: u64,
    /// 0 for random numbers common to all design points; else what tells this one's apart.
    pub scope: u64,
}

/// Compiles a world, which must have been checked, for one design point.
pub fn compile(world: &World, setting: &Setting) -> Model {
    let names = Names::new(world);
    let key = |purpose, name: &str| stream_key(setting.seed, setting.scope, purpose, name);
    let servers = server_models(world, &names, key);
    let mut kind_sizes = vec![0; names.kinds.len()];
    for server in &servers {
        kind_sizes[server.kind] += 1;
    }
    let on_journey = world.sla.indicator == Indicator::JourneyAvailability;
    let checks = if on_journey {
        u64::from(world.rounds) * u64::from(world.journey_weight())
    } else {
        world.servers.len() as u64 * u64::from(world.rounds)
    };
    let actions: Vec<ActionModel> = world
        .remediation
        .iter()
        .map(|action| names.action_model(action, setting))
        .collect();
    let kinds: Vec<usize> = servers.iter().map(|server| server.kind).collect();
    let (mut scenarios, mut all_draws) = (Vec::new(), Vec::new());
    for (index, scenario) in world.chaos.iter().enumerate() {
        let lasts = |effect: &ChaosEffect, kind| lasts(effect) && names.applies(effect, kind);
        let (targets, others) = targets(world, scenario, &kinds, lasts);
        scenarios.push(names.scenario_model(scenario, others));
        all_draws.extend(draws(world, index, targets, setting.chaos_multiplier, key));
    }
    let phases = phase_order(world);
    let position = |phase| phases.iter().position(|p| *p == phase);
    Model {
        rounds: world.rounds,
        phases,
        update_offset: if position(Phase::Update) < position(Phase::Assess) {
            0
        } else {
            2
        },
        up_health: world.up_health.get() as f32,
        health_alert: health_alert(world),
        service_down_penalty: world.service_down_penalty.get() as f32,
        cpu: usage_model(&world.metrics.cpu_usage),
        memory: usage_model(&world.metrics.memory_usage),
        disk: usage_model(&world.metrics.disk_usage),
        error_rate: drawn_model(&world.metrics.error_rate),
        latency: drawn_model(&world.metrics.latency_p99),
        traffic: uniform(world.traffic_ratio.get()),
        servers,
        load_shares: kind_sizes.iter().map(|size| load_shares(*size)).collect(),
        kind_sizes,
        scenarios,
        draws: all_draws,
        recovers: world.chaos.iter().any(recovers),
        lasting: (0..names.kinds.len())
            .map(|kind| names.lasting(world, kind))
            .collect(),
        nothing: Lasting::default(),
        action_rows: action_rows(&actions, world.chaos.len()),
        actions,
        runbook: names.runbook(world),
        diagnosis: Chance::new(setting.skill.diagnosis_accuracy.get()),
        panic_threshold: setting.skill.panic_threshold.get() as usize,
        cases: world
            .has_cases()
            .then(|| case_model(world, setting.skill, phases, key)),
        services: services_model(world),
        dependency_penalty: world.dependency_penalty.get() as f32,
        banded_dependencies: has_banded_dependencies(world),
        sla_on_journey: on_journey,
        sla_least: world.sla.target.least(checks),
        sla_budget: (checks - world.sla.target.least(checks)) as u32,
        traffic_key: key(Purpose::Traffic, ""),
        response_key: key(Purpose::Response, ""),
    }
}

/// The servers in file order.
fn server_models(
    world: &World,
    names: &Names,
    key: impl Fn(Purpose, &str) -> u64,
) -> Vec<ServerModel> {
    let mut first_service = 0;
    let model = |server: &Server| {
        let services = server.services.len();
        first_service += services;
        ServerModel {
            kind: names.kind(&server.kind),
            cpu_gain: (world.cpu_per_load.get() * (100.0 / server.cpu_capacity.get())) as f32,
            services: services as u32,
            first_service: first_service - services,
            role: server.role,
            environment_key: key(Purpose::Environment, server.name.get_ref().as_str()),
        }
    };
    world.servers.iter().map(model).collect()
}

/// The greatest health that alerts.
fn health_alert(world: &World) -> f32 {
    match world.health_alert_below {
        // Below a number is at or below the one before it.
        Some(below) => (below.get() as f32).next_down(),
        None => world.up_health.get() as f32,
    }
}

/// Whether error rate or latency depends on whether a dependency is down.
fn has_banded_dependencies(world: &World) -> bool {
    let metrics = [&world.metrics.error_rate, &world.metrics.latency_p99];
    let mut bands = metrics.iter().flat_map(|metric| &metric.bands);
    bands.any(|band| band.dependency_down.is_some())
}

/// How cases go where someone of a skill responds.
fn case_model(
    world: &World,
    skill: &Skill,
    phases: [Phase; 4],
    key: impl Fn(Purpose, &str) -> u64,
) -> CaseModel {
    let ([detect, acknowledge], scale) = world.response_times(skill);
    let servers = world.servers.iter();
    CaseModel {
        detect: DurationModel::new(&detect, scale),
        acknowledge: DurationModel::new(&acknowledge, scale),
        hands: skill.parallel.map_or(u32::MAX, Hands::get),
        keys: servers
            .map(|server| key(Purpose::Case, server.name.get_ref().as_str()))
            .collect(),
        clock_offset: clock_offset(phases),
        longest: world.rounds,
    }
}

/// What the clock shows in a respond phase, less 2 half rounds for each round before: the time of the
/// check before it, which may be of the round before.
fn clock_offset(phases: [Phase; 4]) -> i32 {
    let place = |phase| phases.iter().position(|p| *p == phase).unwrap_or_default();
    let (update, respond, assess) = (
        place(Phase::Update),
        place(Phase::Respond),
        place(Phase::Assess),
    );
    // The update of a round is at 0, or at 2 if it follows the assess; the assess is at 1.
    match (update < respond, assess < respond) {
        (false, false) if update < assess => -1,
        (false, false) | (true, false) => 0,
        (false, true) => 1,
        (true, true) => {
            if update < assess {
                1
            } else {
                2
            }
        }
    }
}

/// Servers of a type over those that are up, by the number up; at least one counts as up.
fn load_shares(size: u32) -> Vec<f32> {
    let share = |up: u32| (f64::from(size) / f64::from(up.max(1))) as f32;
    (0..=size).map(share).collect()
}

fn phase_order(world: &World) -> [Phase; 4] {
    let mut order = [Phase::Chaos; 4];
    for (slot, phase) in order.iter_mut().zip(&world.phases) {
        *slot = *phase.get_ref();
    }
    order
}

fn index(list: &[&str], name: &NameAt) -> usize {
    // Checked worlds name only what they have.
    list.iter()
        .position(|known| *known == name.get_ref().as_str())
        .unwrap_or_default()
}

/// The names of a world in the order of their indices.
struct Names<'a> {
    kinds: Vec<&'a str>,
    scenarios: Vec<&'a str>,
    actions: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn new(world: &'a World) -> Self {
        let mut kinds: Vec<&str> = Vec::new();
        for server in &world.servers {
            let kind = server.kind.get_ref().as_str();
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        let text = |name: &'a NameAt| name.get_ref().as_str();
        Self {
            kinds,
            scenarios: world.chaos.iter().map(|s| text(&s.name)).collect(),
            actions: world.remediation.iter().map(|a| text(&a.name)).collect(),
        }
    }

    fn kind(&self, name: &NameAt) -> usize {
        index(&self.kinds, name)
    }

    fn applies(&self, effect: &ChaosEffect, kind: usize) -> bool {
        let types = effect.server_types();
        types.is_empty() || types.iter().any(|name| self.kind(name) == kind)
    }

    fn lasting(&self, world: &World, kind: usize) -> Lasting {
        let mut lasting = Lasting::default();
        for (scenario, spec) in world.chaos.iter().enumerate() {
            for effect in spec.effects.iter().filter(|e| self.applies(e, kind)) {
                add_lasting(&mut lasting, scenario, effect);
            }
        }
        lasting
    }

    fn scenario_model(&self, scenario: &Scenario, others: Option<Others>) -> ScenarioModel {
        ScenarioModel {
            duration: DurationModel::new(
                scenario.duration.get_ref(),
                scenario.duration_scale.get(),
            ),
            others,
            instant: scenario
                .effects
                .iter()
                .filter_map(|effect| {
                    Some(Instant {
                        kinds: effect
                            .server_types()
                            .iter()
                            .map(|name| self.kind(name))
                            .collect(),
                        effect: instant_effect(effect)?,
                    })
                })
                .collect(),
        }
    }

    fn action_model(&self, action: &Action, setting: &Setting) -> ActionModel {
        let success = action.success_rate.get() * setting.skill.remediation_speed.get();
        ActionModel {
            success: Chance::new(success.min(1.0)),
            cooldown: action.cooldown.get(),
            duration: action
                .duration
                .as_ref()
                .map_or(DurationModel::Fixed(0), |duration| {
                    DurationModel::new(duration, action.duration_scale.get())
                }),
            effects: action
                .effects
                .iter()
                .map(|effect| self.action_step(effect))
                .collect(),
        }
    }

    fn action_step(&self, effect: &ActionEffect) -> ActionStep {
        match effect {
            ActionEffect::Add(e) => ActionStep::Change(
                e.metric,
                Change {
                    multiply: 1.0,
                    add: e.amount.get(),
                    min: e.min.get(),
                    max: e.max.get(),
                },
            ),
            ActionEffect::Multiply(e) => ActionStep::Change(
                e.metric,
                Change {
                    multiply: e.factor.get(),
                    add: 0.0,
                    min: e.min.get(),
                    max: e.max.get(),
                },
            ),
            ActionEffect::Set(e) => ActionStep::Change(
                e.metric,
                Change {
                    multiply: 0.0,
                    add: e.value.get(),
                    min: 0.0,
                    max: 100.0,
                },
            ),
            ActionEffect::Draw(e) => ActionStep::Draw(e.metric, uniform(e.range.get())),
            ActionEffect::RestartService(_) => ActionStep::RestartService,
            ActionEffect::End(End::All) => ActionStep::End((0..self.scenarios.len()).collect()),
            ActionEffect::End(End::These(names)) => {
                ActionStep::End(names.iter().map(|n| index(&self.scenarios, n)).collect())
            }
            ActionEffect::PromoteReplica(_) => ActionStep::PromoteReplica,
        }
    }

    /// For each (server, alert, level): the action that answers.
    fn runbook(&self, world: &World) -> Vec<u16> {
        let default = world
            .runbook_default
            .as_ref()
            .map_or(0, |default| index(&self.actions, &default.action));
        let mut table = Vec::new();
        for server in &world.servers {
            for alert in AlertKind::ALL {
                for level in [AlertLevel::Warning, AlertLevel::Critical] {
                    let line = world.runbook_line(server.kind.get_ref(), alert, level);
                    let action = line.map_or(default, |l| index(&self.actions, &l.action));
                    table.push(action as u16);
                }
            }
        }
        table
    }
}

/// Whether services that a scenario crashes may come back by themselves.
fn recovers(scenario: &Scenario) -> bool {
    let mut effects = scenario.effects.iter();
    effects.any(|effect| matches!(effect, ChaosEffect::CrashService(e) if e.recovers.is_some()))
}

/// Whether an effect acts while its scenario is active.
fn lasts(effect: &ChaosEffect) -> bool {
    !matches!(effect, ChaosEffect::CrashService(_) | ChaosEffect::Shock(_))
}

fn add_lasting(lasting: &mut Lasting, scenario: usize, effect: &ChaosEffect) {
    match effect {
        ChaosEffect::Hold(e) => lasting.holds[e.metric as usize].push(While {
            scenario,
            effect: e.value.get() as f32,
        }),
        ChaosEffect::Grow(e) => lasting.growths.push(While {
            scenario,
            effect: Growth {
                metric: e.metric,
                amount: e.amount.get(),
                max: e.max.get(),
            },
        }),
        ChaosEffect::Multiply(e) => {
            let list = match e.quantity {
                Multiplied::Load => &mut lasting.loads,
                Multiplied::LatencyP99 => &mut lasting.latencies,
                Multiplied::ErrorRate => &mut lasting.error_rates,
            };
            list.push(While {
                scenario,
                effect: e.factor.get() as f32,
            });
        }
        ChaosEffect::Isolate(_) => lasting.isolations.push(While {
            scenario,
            effect: (),
        }),
        ChaosEffect::CrashService(_) | ChaosEffect::Shock(_) => {}
    }
}

fn instant_effect(effect: &ChaosEffect) -> Option<InstantEffect> {
    match effect {
        ChaosEffect::CrashService(e) => {
            let recovers = e.recovers.as_ref();
            let recovers = recovers.map_or(DurationModel::Fixed(0), |duration| {
                DurationModel::new(duration.get_ref(), e.recovers_scale.get())
            });
            Some(InstantEffect::CrashService(recovers))
        }
        ChaosEffect::Shock(e) => Some(shock(e)),
        ChaosEffect::Hold(_)
        | ChaosEffect::Grow(_)
        | ChaosEffect::Multiply(_)
        | ChaosEffect::Isolate(_) => None,
    }
}

fn shock(e: &Shock) -> InstantEffect {
    let (multiply, add) = match e.set {
        Some(value) => (0.0, value.get()),
        None => (
            e.multiply.map_or(1.0, NonNegative::get),
            e.add.map_or(0.0, Finite::get),
        ),
    };
    // No value can be negative, and a usage is a percentage, whatever the shock says.
    let most = match e.quantity {
        Quantity::CpuUsage | Quantity::MemoryUsage | Quantity::DiskUsage => 100.0,
        Quantity::ErrorRate | Quantity::LatencyP99 => f64::INFINITY,
    };
    let change = Change {
        multiply,
        add,
        min: e.min.map_or(0.0, |min| min.get().max(0.0)),
        max: e.max.map_or(most, |max| max.get().min(most)),
    };
    InstantEffect::Shock(e.quantity, change)
}
