//! The probability of every course that a small world can take, as `docs/model.md` tells it. It
//! shares no code with the simulator.

use std::collections::BTreeMap;

use super::spec::{Action, Drawn, Law, Phase, Range, Spec, Times};

/// Rounds left of what lasts until it is remediated.
const FOREVER: u8 = u8::MAX;

/// The case of a server, in a world with cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    open: bool,
    /// Rounds until it is acknowledged.
    due: u8,
    /// Rounds that it has waited for a hand.
    waited: u8,
    attended: bool,
    /// The action that is under way, and in how many rounds it ends.
    under_way: Option<(u8, u8)>,
}

/// One server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Server {
    case: Case,
    /// An action succeeded in this respond phase.
    repaired: bool,
    /// Bit i: service i.
    down: u8,
    /// Rounds left of each scenario.
    left: [u8; 2],
    /// Above the threshold: cpu by its load, memory and disk by their bases.
    cpu: bool,
    memory: bool,
    disk: bool,
    /// 0, or 1 above `warning`, or 2 above `critical`.
    error_rate: u8,
    latency: u8,
    health: u8,
    incident: bool,
    /// At the last assess.
    up: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    servers: [Server; 2],
    /// Rounds until each action is free.
    wait: [u8; 6],
    up_checks: u8,
}

/// Probabilities of states.
type States = BTreeMap<State, f64>;

/// What is expected of a replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    UpChecks,
    Events,
    Incidents,
    IncidentsOpen,
    Alerts,
    AlertsHandled,
    Misdiagnoses,
    Actions,
    ActionsFailed,
    ActionsBlocked,
    OverwhelmedRounds,
    AlertsWaiting,
}

/// How many counts there are.
pub const COUNTS: usize = 12;

/// What is true of a world.
#[derive(Debug, Clone)]
pub struct Truth {
    /// By up checks.
    pub up_checks: Vec<f64>,
    /// Means, by [`Count`].
    pub means: [f64; COUNTS],
}

pub struct Chain<'a> {
    spec: &'a Spec,
    means: [f64; COUNTS],
}

/// Probability that a draw is above a limit.
fn above((low, high): Range, limit: f64) -> f64 {
    ((high - limit) / (high - low)).clamp(0.0, 1.0)
}

/// Probabilities of the levels of a draw.
fn levels(metric: &Drawn, range: Range) -> [(u8, f64); 3] {
    let [warning, critical] = [metric.warning, metric.critical].map(|limit| above(range, limit));
    [(0, 1.0 - warning), (1, warning - critical), (2, critical)]
}

fn yes_or_no(yes: f64) -> [(bool, f64); 2] {
    [(true, yes), (false, 1.0 - yes)]
}

/// The sum of two numbers of rounds.
fn sums(first: &Law, second: &Law) -> Vec<(u8, f64)> {
    let with = |(a, p): &(u8, f64)| {
        let (a, p) = (*a, *p);
        second.iter().map(move |(b, q)| (a + b, p * q))
    };
    first.iter().flat_map(with).collect()
}

/// Hands without an action under way are free, and go to those that waited longest, of several to the
/// first.
fn give_hands(states: States, times: &Times) -> States {
    branch(states, |mut state, _| {
        for server in &mut state.servers {
            let case = &mut server.case;
            case.attended &= case.under_way.is_some();
        }
        let waits = |case: Case| case.open && case.due == 0 && !case.attended;
        let attended = state.servers.iter().filter(|s| s.case.attended).count();
        for _ in attended..times.hands.unwrap_or(2) {
            let waiting = state.servers.iter_mut().rev();
            let waiting = waiting.filter(|server| waits(server.case));
            // The last of those that are equal, from behind: the first.
            if let Some(server) = waiting.max_by_key(|server| server.case.waited) {
                server.case.attended = true;
            }
        }
        for server in &mut state.servers {
            let case = &mut server.case;
            case.waited = if waits(*case) { case.waited + 1 } else { 0 };
        }
        [(state, 1.0)]
    })
}

/// Every state goes on to some, with these probabilities.
fn branch<I: IntoIterator<Item = (State, f64)>>(
    states: States,
    mut next: impl FnMut(State, f64) -> I,
) -> States {
    let mut then = States::new();
    for (state, p) in states {
        for (state, q) in next(state, p) {
            if q > 0.0 {
                *then.entry(state).or_default() += p * q;
            }
        }
    }
    then
}

/// Draws something of one server.
fn draw<T>(
    states: States,
    outcomes: impl Fn(&State) -> Vec<(T, f64)>,
    set: impl Fn(&mut State, T),
) -> States {
    branch(states, |state, _| {
        let outcomes = outcomes(&state).into_iter();
        let to = |(value, p)| {
            let mut state = state;
            set(&mut state, value);
            (state, p)
        };
        outcomes.map(to).collect::<Vec<_>>()
    })
}

impl<'a> Chain<'a> {
    /// What is true of a world, or `None` where that takes more states than these.
    pub fn solve(spec: &'a Spec, most_states: usize) -> Option<Truth> {
        let mut chain = Self {
            spec,
            means: [0.0; COUNTS],
        };
        let mut states = chain.initial();
        for _ in 0..spec.rounds {
            for phase in spec.phases {
                states = match phase {
                    Phase::Chaos => chain.chaos(states),
                    Phase::Update => chain.update(states),
                    Phase::Respond => chain.respond(states),
                    Phase::Assess => chain.assess(states),
                };
                if states.len() > most_states {
                    return None;
                }
            }
            states = chain.end_of_round(states);
        }
        Some(chain.finish(&states))
    }

    fn add(&mut self, count: Count, expected: f64) {
        self.means[count as usize] += expected;
    }

    fn finish(mut self, states: &States) -> Truth {
        let checks = self.spec.rounds as usize * self.spec.servers.len();
        let mut up_checks = vec![0.0; checks + 1];
        for (state, p) in states {
            up_checks[usize::from(state.up_checks)] += p;
            self.add(Count::UpChecks, p * f64::from(state.up_checks));
            let open = state
                .servers
                .iter()
                .filter(|server| server.incident)
                .count();
            self.add(Count::IncidentsOpen, p * open as f64);
        }
        let total: f64 = up_checks.iter().sum();
        assert!((total - 1.0).abs() < 1e-9, "probabilities sum to {total}");
        Truth {
            up_checks,
            means: self.means,
        }
    }

    fn initial(&self) -> States {
        let spec = self.spec;
        let mut state = State::default();
        for server in &mut state.servers {
            (server.health, server.up) = (100, true);
        }
        let mut states = States::from([(state, 1.0)]);
        for i in 0..spec.servers.len() {
            if let Some(memory) = &spec.memory {
                let high = yes_or_no(above(memory.initial, memory.gauge.threshold));
                states = draw(states, |_| high.to_vec(), |s, v| s.servers[i].memory = v);
            }
            if let Some(disk) = &spec.disk {
                let high = yes_or_no(above(disk.initial, disk.gauge.threshold));
                states = draw(states, |_| high.to_vec(), |s, v| s.servers[i].disk = v);
            }
            if let Some(m) = &spec.error_rate {
                let initial = levels(m, m.initial);
                states = draw(
                    states,
                    |_| initial.to_vec(),
                    |s, v| s.servers[i].error_rate = v,
                );
            }
            if let Some(m) = &spec.latency {
                let initial = levels(m, m.initial);
                states = draw(
                    states,
                    |_| initial.to_vec(),
                    |s, v| s.servers[i].latency = v,
                );
            }
        }
        states
    }

    fn chaos(&mut self, mut states: States) -> States {
        let spec = self.spec;
        for (number, scenario) in spec.scenarios.iter().enumerate() {
            let event = (scenario.probability * spec.multiplier).min(1.0);
            let struck = |i: &usize| scenario.target.is_none_or(|t| spec.servers[*i].kind == t);
            let targets: Vec<usize> = (0..spec.servers.len()).filter(struck).collect();
            states = branch(states, |state, p| {
                self.add(Count::Events, p * event);
                let mut next = vec![(state, 1.0 - event)];
                for &target in &targets {
                    let mut state = state;
                    let p = event / targets.len() as f64;
                    if scenario.isolate || scenario.hold {
                        let duration = if scenario.duration == 0 {
                            FOREVER
                        } else {
                            scenario.duration
                        };
                        let left = &mut state.servers[target].left[number];
                        *left = duration.max(*left);
                    }
                    let services = spec.servers[target].services;
                    if !scenario.crash || services == 0 {
                        next.push((state, p));
                        continue;
                    }
                    for service in 0..services {
                        let mut state = state;
                        state.servers[target].down |= 1 << service;
                        next.push((state, p / services as f64));
                    }
                }
                next
            });
        }
        states
    }

    /// The share of the traffic that a server takes.
    fn share(&self, state: &State, server: usize) -> f64 {
        let same = |i: &usize| self.spec.servers[*i].kind == self.spec.servers[server].kind;
        let all: Vec<usize> = (0..self.spec.servers.len()).filter(same).collect();
        let up = all.iter().filter(|i| state.servers[**i].up).count();
        all.len() as f64 / up.max(1) as f64
    }

    /// The traffic of the round, and what it makes of the cpu of every server.
    fn traffic(&self, states: States) -> States {
        let Some(cpu) = &self.spec.cpu else {
            return states;
        };
        // The load above which cpu usage is above its threshold.
        let limit = 1.0 + (cpu.gauge.threshold - cpu.base) / cpu.gain;
        branch(states, |state, _| {
            let shares: Vec<f64> = (0..self.spec.servers.len())
                .map(|i| self.share(&state, i))
                .collect();
            let mut cuts: Vec<f64> = shares.iter().map(|share| limit / share).collect();
            cuts.extend([cpu.traffic.0, cpu.traffic.1]);
            cuts.retain(|cut| (cpu.traffic.0..=cpu.traffic.1).contains(cut));
            cuts.sort_by(f64::total_cmp);
            let parts = cuts.windows(2).map(|part| {
                let mut state = state;
                let middle = (part[0] + part[1]) / 2.0;
                for (server, share) in state.servers.iter_mut().zip(&shares) {
                    server.cpu = middle * share > limit;
                }
                (state, (part[1] - part[0]) / (cpu.traffic.1 - cpu.traffic.0))
            });
            parts.collect::<Vec<_>>()
        })
    }

    fn update(&mut self, states: States) -> States {
        let spec = self.spec;
        let mut states = self.traffic(states);
        for i in 0..spec.servers.len() {
            if let Some(disk) = &spec.disk {
                let (low, high) = disk.drift;
                let base = (disk.mean + low, disk.mean + high);
                let high = yes_or_no(above(base, disk.gauge.threshold));
                states = draw(states, |_| high.to_vec(), |s, v| s.servers[i].disk = v);
            }
            states = branch(states, |mut state, _| {
                state.servers[i].health = self.health(&state.servers[i]);
                [(state, 1.0)]
            });
            if let Some(m) = &spec.error_rate {
                let drawn = |state: &State| {
                    let first = f64::from(state.servers[i].health) < m.health_below;
                    levels(m, if first { m.first } else { m.rest }).to_vec()
                };
                states = draw(states, drawn, |s, v| s.servers[i].error_rate = v);
            }
            if let Some(m) = &spec.latency {
                let drawn = |state: &State| {
                    let first = state.servers[i].cpu;
                    levels(m, if first { m.first } else { m.rest }).to_vec()
                };
                states = draw(states, drawn, |s, v| s.servers[i].latency = v);
            }
            states = self.check(states, i);
        }
        states
    }

    fn held(&self, server: &Server) -> bool {
        let holds = self.spec.scenarios.iter().zip(server.left);
        holds
            .into_iter()
            .any(|(scenario, left)| scenario.hold && left > 0)
    }

    fn isolated(&self, server: &Server) -> bool {
        let isolates = self.spec.scenarios.iter().zip(server.left);
        isolates
            .into_iter()
            .any(|(scenario, left)| scenario.isolate && left > 0)
    }

    fn health(&self, server: &Server) -> u8 {
        if self.isolated(server) {
            return 0;
        }
        let spec = self.spec;
        let gauges = [
            (spec.cpu.as_ref().map(|m| &m.gauge), server.cpu),
            (
                spec.memory.as_ref().map(|m| &m.gauge),
                server.memory || self.held(server),
            ),
            (spec.disk.as_ref().map(|m| &m.gauge), server.disk),
        ];
        let lost = gauges.iter().map(|(gauge, high)| match gauge {
            Some(gauge) if *high => u32::from(gauge.penalty),
            _ => 0,
        });
        let services = if server.down > 0 {
            spec.service_penalty
        } else {
            0
        };
        100_u32.saturating_sub(lost.sum::<u32>() + u32::from(services)) as u8
    }

    fn check(&mut self, states: States, i: usize) -> States {
        branch(states, |mut state, p| {
            let server = &mut state.servers[i];
            let down = server.health <= self.spec.up_health;
            if down && !server.incident {
                self.add(Count::Incidents, p);
            }
            server.incident = down;
            [(state, 1.0)]
        })
    }

    /// The alerts of a state, as (server, kind, critical).
    fn alerts(&self, state: &State) -> Vec<(usize, usize, bool)> {
        let spec = self.spec;
        let mut alerts = Vec::new();
        for (i, server) in state.servers[..spec.servers.len()].iter().enumerate() {
            let gauge = |gauge: Option<&super::spec::Gauge>, high: bool| {
                gauge.and_then(|gauge| gauge.critical).filter(|_| high)
            };
            let level = |level: u8| (level > 0).then_some(level > 1);
            let critical = |raised: bool| raised.then_some(true);
            let memory = server.memory || self.held(server);
            let raised = [
                gauge(spec.cpu.as_ref().map(|m| &m.gauge), server.cpu),
                gauge(spec.memory.as_ref().map(|m| &m.gauge), memory),
                level(server.error_rate).filter(|_| !server.repaired),
                level(server.latency).filter(|_| !server.repaired),
                gauge(spec.disk.as_ref().map(|m| &m.gauge), server.disk),
                critical(server.down > 0),
                critical(self.isolated(server)),
                critical(server.health <= spec.up_health),
            ];
            let raised = raised.iter().enumerate();
            alerts.extend(raised.filter_map(|(kind, level)| level.map(|level| (i, kind, level))));
        }
        alerts
    }

    fn respond(&mut self, mut states: States) -> States {
        let spec = self.spec;
        if let Some(times) = &spec.times {
            states = self.finish_actions(states);
            states = self.open_and_close(states, times);
            states = give_hands(states, times);
        }
        let states = branch(states, |state, p| {
            let mut alerts = self.alerts(&state);
            self.add(Count::Alerts, p * alerts.len() as f64);
            if spec.times.is_some() {
                let raised = alerts.len();
                alerts.retain(|(server, ..)| {
                    let case = state.servers[*server].case;
                    case.attended && case.under_way.is_none()
                });
                self.add(Count::AlertsWaiting, p * (raised - alerts.len()) as f64);
            }
            let criticals = alerts.iter().filter(|(_, _, critical)| *critical).count();
            if criticals > 0 {
                alerts.retain(|(_, _, critical)| *critical);
            }
            if criticals > spec.panic {
                alerts.truncate(spec.panic);
                self.add(Count::OverwhelmedRounds, p);
            }
            let mut states = States::from([(state, 1.0)]);
            for (server, kind, _) in alerts {
                states = self.handle(states, server, kind, p);
            }
            states
        });
        branch(states, |mut state, _| {
            let mut seen = state;
            for server in &mut seen.servers {
                server.health = self.health(server);
            }
            let alerts = self.alerts(&seen);
            for (i, server) in state.servers.iter_mut().enumerate() {
                let quiet = alerts.iter().all(|(alerting, ..)| *alerting != i);
                if server.repaired && quiet && server.case.under_way.is_none() {
                    server.case = Case::default();
                }
                server.repaired = false;
            }
            [(state, 1.0)]
        })
    }

    /// Actions that were under way and are over.
    fn finish_actions(&mut self, mut states: States) -> States {
        let spec = self.spec;
        for i in 0..spec.servers.len() {
            states = branch(states, |mut state, p| {
                let Some((number, left)) = state.servers[i].case.under_way else {
                    return vec![(state, 1.0)];
                };
                if left > 1 {
                    state.servers[i].case.under_way = Some((number, left - 1));
                    return vec![(state, 1.0)];
                }
                state.servers[i].case.under_way = None;
                let action = &spec.actions[usize::from(number)];
                let success = self.success(action);
                self.add(Count::ActionsFailed, p * (1.0 - success));
                let mut next = vec![(state, 1.0 - success)];
                for (mut state, p) in self.succeed(state, i, action) {
                    state.servers[i].health = self.health(&state.servers[i]);
                    state.servers[i].repaired = true;
                    next.push((state, success * p));
                }
                next
            });
        }
        states
    }

    /// A case opens with the first alert, and closes in a phase without one.
    fn open_and_close(&self, states: States, times: &Times) -> States {
        branch(states, |state, _| {
            let mut raised = [false; 2];
            for (server, ..) in self.alerts(&state) {
                raised[server] = true;
            }
            let mut next = vec![(state, 1.0)];
            for (i, raised) in raised.into_iter().enumerate() {
                let case = state.servers[i].case;
                let cases = match (case.open, raised) {
                    (false, false) => continue,
                    (false, true) => sums(&times.detect, &times.acknowledge),
                    (true, false) if case.under_way.is_none() => {
                        for (state, _) in &mut next {
                            state.servers[i].case = Case::default();
                        }
                        continue;
                    }
                    (true, _) => vec![(case.due.saturating_sub(1), 1.0)],
                };
                let to = |(state, p): (State, f64)| {
                    cases.clone().into_iter().map(move |(due, q)| {
                        let mut state = state;
                        let case = &mut state.servers[i].case;
                        (case.open, case.due) = (true, due);
                        (state, p * q)
                    })
                };
                next = next.into_iter().flat_map(to).collect();
            }
            next
        })
    }

    fn success(&self, action: &Action) -> f64 {
        (action.success * self.spec.speed).min(1.0)
    }

    /// One alert, in states that follow from one of this probability.
    fn handle(&mut self, states: States, server: usize, kind: usize, p: f64) -> States {
        let spec = self.spec;
        let right = spec.runbook[kind].unwrap_or(spec.default_action);
        branch(states, |state, q| {
            let p = p * q;
            if state.servers[server].case.under_way.is_some() {
                self.add(Count::AlertsWaiting, p);
                return vec![(state, 1.0)];
            }
            self.add(Count::AlertsHandled, p);
            self.add(Count::Misdiagnoses, p * (1.0 - spec.accuracy));
            let mut next = Vec::new();
            for (number, action) in spec.actions.iter().enumerate() {
                let mut chosen = (1.0 - spec.accuracy) / spec.actions.len() as f64;
                if number == right {
                    chosen += spec.accuracy;
                }
                if state.wait[number] > 0 {
                    self.add(Count::ActionsBlocked, p * chosen);
                    next.push((state, chosen));
                    continue;
                }
                let success = self.success(action);
                self.add(Count::Actions, p * chosen);
                let mut state = state;
                state.wait[number] = action.cooldown;
                for (rounds, q) in &action.duration {
                    let chosen = chosen * q;
                    if *rounds > 0 {
                        let mut state = state;
                        state.servers[server].case.under_way = Some((number as u8, *rounds));
                        next.push((state, chosen));
                        continue;
                    }
                    self.add(Count::ActionsFailed, p * chosen * (1.0 - success));
                    next.push((state, chosen * (1.0 - success)));
                    for (mut state, p) in self.succeed(state, server, action) {
                        state.servers[server].repaired = true;
                        next.push((state, chosen * success * p));
                    }
                }
            }
            next
        })
    }

    /// The effects of an action.
    fn succeed(&self, mut state: State, server: usize, action: &Action) -> Vec<(State, f64)> {
        let s = &mut state.servers[server];
        if action.restart {
            s.down &= s.down.saturating_sub(1);
        }
        for scenario in &action.ends {
            s.left[*scenario] = 0;
        }
        let (Some(range), Some(memory)) = (action.draw, &self.spec.memory) else {
            return vec![(state, 1.0)];
        };
        let draws = yes_or_no(above(range, memory.gauge.threshold)).into_iter();
        let to = |(high, p)| {
            let mut state = state;
            state.servers[server].memory = high;
            (state, p)
        };
        draws.map(to).collect()
    }

    fn assess(&mut self, mut states: States) -> States {
        for i in 0..self.spec.servers.len() {
            states = branch(states, |mut state, _| {
                let health = self.health(&state.servers[i]);
                let up = health > self.spec.up_health;
                (state.servers[i].health, state.servers[i].up) = (health, up);
                state.up_checks += u8::from(up);
                [(state, 1.0)]
            });
            states = self.check(states, i);
        }
        branch(states, |mut state, _| {
            for left in state.servers.iter_mut().flat_map(|server| &mut server.left) {
                if *left != FOREVER {
                    *left = left.saturating_sub(1);
                }
            }
            [(state, 1.0)]
        })
    }

    /// Actions cool down, and states that differ only in what is drawn again before it is read are one.
    fn end_of_round(&self, states: States) -> States {
        let at = |phase| self.spec.phases.iter().position(|p| *p == phase);
        let update = at(Phase::Update);
        let (before_respond, before_assess) =
            (update < at(Phase::Respond), update < at(Phase::Assess));
        branch(states, |mut state, _| {
            for wait in &mut state.wait {
                *wait = wait.saturating_sub(1);
            }
            for server in &mut state.servers {
                if before_respond {
                    (server.error_rate, server.latency, server.health) = (0, 0, 100);
                }
                if before_respond && before_assess {
                    (server.cpu, server.disk) = (false, false);
                }
                if self.spec.cpu.is_none() {
                    server.up = true;
                }
            }
            [(state, 1.0)]
        })
    }
}
