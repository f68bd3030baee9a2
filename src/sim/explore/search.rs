//! Visits all states of a small world, breadth first.
//!
//! Theory of operation. The search stores eight bytes for each state, its parent and the step from
//! there, and its fingerprint. A level is visited in the order in which its states were found, so
//! neighbours share most of their paths. The search keeps the worlds on the path to the present
//! state, and replays the steps to the next state from the last world that both paths share.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::seen::Seen;
use super::setup::Setup;
use super::step::Step;
use super::world::World;

/// How far an exploration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// The length of the longest path, in steps. Default: no bound.
    pub depth: usize,
    /// The maximum number of states. Default: 10 million.
    pub states: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { depth: usize::MAX, states: 10_000_000 }
    }
}

/// The result of exploring a small world.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exploration {
    /// The number of states that were visited.
    pub states: usize,
    /// The number of steps that were taken, including those that led to a known state.
    pub steps: usize,
    /// The number of steps from the first state to the farthest one.
    pub depth: usize,
    /// The number of states in which only time can pass.
    pub ends: usize,
    /// Whether every reachable state was visited.
    pub is_complete: bool,
    /// The first violation.
    pub violation: Option<Violation>,
}

/// A violation, and the shortest path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The steps to it and their effects, one line each.
    pub trace: Vec<String>,
    /// A sentence that tells what does not hold.
    pub complaint: String,
}

/// How a state was found.
#[derive(Debug, Clone, Copy)]
struct Edge {
    parent: u32,
    step: Step,
}

/// The states that were found, in order.
struct Tree<'a> {
    setup: &'a Setup,
    /// The edge of the first state is a placeholder.
    edges: Vec<Edge>,
    /// The path to the present state: each state on it, including the first, and its world.
    path: Vec<(u32, World<'a>)>,
}

type Result<V> = core::result::Result<V, String>;

impl Exploration {
    /// Explores a small world until every state is visited, a violation is found, or a bound is
    /// reached.
    #[must_use]
    pub fn run(setup: &Setup, bounds: Bounds) -> Self {
        Self::run_with(setup, bounds, |_| {})
    }

    /// The same. Reports the figures after each level.
    #[must_use]
    pub fn run_with(setup: &Setup, bounds: Bounds, mut progress: impl FnMut(&Self)) -> Self {
        let mut explored =
            Self { states: 1, steps: 0, depth: 0, ends: 0, is_complete: false, violation: None };
        let root = match World::new(setup) {
            Ok(root) => root,
            Err(complaint) => {
                explored.violation = Some(Violation { trace: Vec::new(), complaint });
                return explored;
            }
        };
        let mut seen = Seen::new();
        seen.insert(root.fingerprint());
        let edges = Vec::from([Edge { parent: 0, step: Step::Submit }]);
        let mut tree = Tree { setup, edges, path: Vec::from([(0, root)]) };
        let mut level = 0..1;
        while !level.is_empty() && explored.depth < bounds.depth {
            let next = tree.edges.len();
            if !explored.visit_level(&mut tree, &mut seen, level, bounds.states) {
                return explored;
            }
            level = next..tree.edges.len();
            explored.depth += usize::from(!level.is_empty());
            progress(&explored);
        }
        explored.is_complete = level.is_empty();
        explored
    }

    /// Takes every step from every state of a level. Returns whether to go on.
    fn visit_level(
        &mut self,
        tree: &mut Tree<'_>,
        seen: &mut Seen,
        level: Range<usize>,
        states_max: usize,
    ) -> bool {
        for state in level {
            let state = u32::try_from(state).unwrap_or(u32::MAX);
            let Some(steps) = tree.walk_to(state) else { return false };
            for step in steps {
                self.steps += 1;
                match tree.next(step) {
                    Ok(next) if seen.insert(next.fingerprint()) => {
                        tree.edges.push(Edge { parent: state, step });
                        self.states += 1;
                        if next.is_quiet() {
                            self.ends += 1;
                            if let Err(complaint) = next.clone().settle() {
                                self.violation = Some(tree.explain(state, step, complaint));
                                return false;
                            }
                        }
                    }
                    Ok(_) => {}
                    Err(complaint) => {
                        self.violation = Some(tree.explain(state, step, complaint));
                        return false;
                    }
                }
                if self.states >= states_max {
                    return false;
                }
            }
        }
        true
    }
}

impl<'a> Tree<'a> {
    /// Replays the path to a state, and returns the steps that are possible in it. `None` if the
    /// replay fails, which would be a fault of the search.
    fn walk_to(&mut self, state: u32) -> Option<Vec<Step>> {
        let mut ancestors = self.ancestors(state);
        let shared = ancestors.iter().zip(&self.path).take_while(|(id, (at, _))| *id == at).count();
        self.path.truncate(shared);
        for state in ancestors.drain(..).skip(shared) {
            let mut world = self.path.last()?.1.clone();
            world.apply(self.edge(state).step).ok()?;
            self.path.push((state, world));
        }
        Some(self.path.last()?.1.steps())
    }

    /// The world after one more step.
    fn next(&self, step: Step) -> Result<World<'a>> {
        let Some((_, world)) = self.path.last() else { return Err("there is no state".into()) };
        let mut next = world.clone();
        next.apply(step).map(|()| next)
    }

    /// The states on the path to one, including the first and itself.
    fn ancestors(&self, mut state: u32) -> Vec<u32> {
        let mut ancestors = Vec::from([state]);
        while state != 0 {
            state = self.edge(state).parent;
            ancestors.push(state);
        }
        ancestors.reverse();
        ancestors
    }

    fn edge(&self, state: u32) -> Edge {
        self.edges[usize::try_from(state).unwrap_or(usize::MAX)]
    }

    /// Replays the path to a state and the step from there, with a trace.
    fn explain(&self, state: u32, step: Step, complaint: String) -> Violation {
        let Ok(world) = World::new(self.setup) else {
            return Violation { trace: Vec::new(), complaint };
        };
        let mut world = world.with_trace();
        let steps = self.ancestors(state).into_iter().skip(1).map(|state| self.edge(state).step);
        let mut is_right = true;
        for step in steps.chain([step]) {
            is_right = is_right && world.apply(step).is_ok();
        }
        if is_right {
            // The violation shows when the world settles.
            is_right = world.settle().is_ok();
        }
        let mut trace = world.trace().to_vec();
        if is_right {
            trace.push(format!("(the replay finds no violation: {step:?})"));
        }
        Violation { trace, complaint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explore(setup: &Setup) -> Violation {
        let explored = Exploration::run(setup, Bounds::default());
        explored.violation.expect("a violation")
    }

    #[test]
    fn the_path_to_a_violation_is_the_shortest() {
        let mut setup = Setup::named("moved").expect("is known");
        setup.redirections_max = 0;
        let violation = explore(&setup);
        assert_eq!(violation.complaint, "command 0 is redirected 1 times");
        let trace: Vec<_> = violation.trace.iter().map(String::as_str).collect();
        assert_eq!(
            trace,
            [
                "call 0 is submitted: APPEND {bar}1 0",
                "a:1#1 is sent [command 0]",
                "all nodes learn that b:2 owns slot 5061",
                "a:1#1 reads command 0",
            ]
        );
    }

    #[test]
    fn a_call_that_never_ends_is_found_where_only_time_passes() {
        let mut setup = Setup::named("failover").expect("is known");
        setup.events.truncate(1); // no node takes over
        let violation = explore(&setup);
        assert!(violation.complaint.contains("call"), "{}", violation.complaint);
        assert!(violation.trace.iter().any(|line| line == "a:1 dies"), "{:?}", violation.trace);
    }

    #[test]
    fn bounds_end_a_search_that_finds_nothing() {
        let setup = Setup::named("calm").expect("is known");
        let (depth, states) = (5, 50);
        let shallow = Exploration::run(&setup, Bounds { depth, ..Bounds::default() });
        assert_eq!((shallow.depth, shallow.is_complete), (5, false));
        let few = Exploration::run(&setup, Bounds { states, ..Bounds::default() });
        assert_eq!((few.states, few.is_complete), (50, false));
        assert_eq!((shallow.violation, few.violation), (None, None));
    }
}
