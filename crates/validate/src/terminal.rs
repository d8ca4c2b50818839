//! The life of a terminal: what may be done to it after what, and the state that leaves it in.
//!
//! [`TABLE`] is the one a domain expert reads, as `rules` is for serials. It stands here and not in
//! the store because it is knowledge of the trade and needs no database to be tested; the store
//! asks it under the lock of the terminal's row, in the transaction that records the step. Pure,
//! and total: whatever stands, every step is allowed, changes nothing, or is forbidden with a code.

use serde::{Deserialize, Serialize};

/// What is done with a terminal, as a technician says it and as the registry hears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It goes into service at a merchant.
    #[default]
    Bind,
    /// It goes on the shelf.
    StockIn,
    /// It takes another one's place.
    Swap,
    /// It leaves its merchant.
    Unbind,
}

/// Everything that can happen to a terminal: the operations, and what has no event of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It was named, for example as the one that a swap replaces.
    See,
    /// Somebody compared it with what is recorded.
    Verify,
    /// It goes on the shelf.
    StockIn,
    /// It goes into service at a merchant.
    Bind,
    /// It takes another one's place.
    Swap,
    /// It leaves its merchant.
    Unbind,
    /// Another one takes its place.
    Replace,
    /// It goes out of service for good.
    Retire,
}

impl From<Operation> for Step {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Bind => Self::Bind,
            Operation::StockIn => Self::StockIn,
            Operation::Swap => Self::Swap,
            Operation::Unbind => Self::Unbind,
        }
    }
}

/// What the registry said to the event of the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegistryReply {
    /// Nothing yet.
    Waiting,
    /// It took it.
    Taken,
    /// It refused it: the step did not happen.
    Refused,
}

/// Where a terminal is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was named and nothing more is known.
    Seen,
    /// It was compared with what is recorded.
    Verified,
    /// Its last operation waits for the registry.
    Submitted,
    /// The registry has it, in stock or at a merchant.
    Registered,
    /// The registry refused its last operation.
    Refused,
    /// Another one took its place.
    Swapped,
    /// It left its merchant.
    Unbound,
    /// It is out of service for good.
    Retired,
}

impl State {
    /// Every state, in the order in which a life goes through them.
    pub const ALL: [Self; 8] = [
        Self::Seen,
        Self::Verified,
        Self::Submitted,
        Self::Registered,
        Self::Refused,
        Self::Swapped,
        Self::Unbound,
        Self::Retired,
    ];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Verified => "verified",
            Self::Submitted => "submitted",
            Self::Registered => "registered",
            Self::Refused => "refused",
            Self::Swapped => "swapped",
            Self::Unbound => "unbound",
            Self::Retired => "retired",
        }
    }

    /// The state that the last step leaves, given the registry's word about it. It is never stored
    /// by itself, so that it cannot contradict the delivery.
    pub fn of(step: Step, reply: RegistryReply) -> Self {
        match (step, reply) {
            (Step::See, _) => Self::Seen,
            (Step::Verify, _) => Self::Verified,
            (Step::Retire, _) => Self::Retired,
            (_, RegistryReply::Refused) => Self::Refused,
            (Step::Replace, _) => Self::Swapped,
            (_, RegistryReply::Waiting) => Self::Submitted,
            (Step::Unbind, RegistryReply::Taken) => Self::Unbound,
            (Step::Bind | Step::StockIn | Step::Swap, RegistryReply::Taken) => Self::Registered,
        }
    }
}

/// Why a step is forbidden. The spelling of [`Forbidden::code`] never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forbidden {
    /// It is out of service for good.
    Retired,
    /// Another one took its place.
    Swapped,
    /// It is at a merchant.
    Bound,
    /// It is at no merchant.
    NotBound,
    /// The one that the swap names is not in service.
    ReplacedNotInService,
    /// The swap names the terminal itself.
    SwapWithItself,
}

impl Forbidden {
    /// Every code, for documentation and tests.
    pub const ALL: [Self; 6] = [
        Self::Retired,
        Self::Swapped,
        Self::Bound,
        Self::NotBound,
        Self::ReplacedNotInService,
        Self::SwapWithItself,
    ];

    /// A stable code that programs may act on.
    pub fn code(self) -> &'static str {
        match self {
            Self::Retired => "terminal_retired",
            Self::Swapped => "terminal_swapped",
            Self::Bound => "terminal_bound",
            Self::NotBound => "terminal_not_bound",
            Self::ReplacedNotInService => "replaced_not_in_service",
            Self::SwapWithItself => "swap_with_itself",
        }
    }
}

impl std::error::Error for Forbidden {}

impl std::fmt::Display for Forbidden {
    /// What a person can do about it.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Retired => "this terminal is retired: use another one",
            Self::Swapped => {
                "this terminal was replaced by another one: take it into stock first, or check \
                 that the label is the new terminal's"
            }
            Self::Bound => "this terminal is at a merchant already: unbind it there first",
            Self::NotBound => "this terminal is at no merchant: there is nothing to unbind",
            Self::ReplacedNotInService => {
                "the terminal that is to be replaced is not in service: check its serial"
            }
            Self::SwapWithItself => "a terminal cannot replace itself: name the old one",
        })
    }
}

/// What a step comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It happens, and what it leaves stands from now on.
    Applies,
    /// It has happened already: nothing changes.
    NoChange,
}

/// A cell of the table.
type Cell = Result<Transition, Forbidden>;
const APPLIES: Cell = Ok(Transition::Applies);
const NO_CHANGE: Cell = Ok(Transition::NoChange);
const RETIRED: Cell = Err(Forbidden::Retired);
const SWAPPED: Cell = Err(Forbidden::Swapped);
const BOUND: Cell = Err(Forbidden::Bound);
const NOT_BOUND: Cell = Err(Forbidden::NotBound);
const NOT_IN_SERVICE: Cell = Err(Forbidden::ReplacedNotInService);

/// What may follow what: a row for the step that stands, a column for the step that is asked for.
#[rustfmt::skip]
const TABLE: [(Step, [Cell; 7]); 8] = [
    // stands          Verify     Bind       StockIn    Swap       Unbind     Replace         Retire
    (Step::See,     [ APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,        APPLIES ]),
    (Step::Verify,  [ NO_CHANGE, APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,        APPLIES ]),
    (Step::StockIn, [ NO_CHANGE, APPLIES,   NO_CHANGE, APPLIES,   NOT_BOUND, NOT_IN_SERVICE, APPLIES ]),
    (Step::Bind,    [ NO_CHANGE, NO_CHANGE, BOUND,     BOUND,     APPLIES,   APPLIES,        APPLIES ]),
    (Step::Swap,    [ NO_CHANGE, NO_CHANGE, BOUND,     NO_CHANGE, APPLIES,   APPLIES,        APPLIES ]),
    (Step::Unbind,  [ NO_CHANGE, APPLIES,   APPLIES,   APPLIES,   NO_CHANGE, NOT_IN_SERVICE, APPLIES ]),
    (Step::Replace, [ NO_CHANGE, SWAPPED,   APPLIES,   SWAPPED,   SWAPPED,   NOT_IN_SERVICE, APPLIES ]),
    (Step::Retire,  [ NO_CHANGE, RETIRED,   RETIRED,   RETIRED,   RETIRED,   NOT_IN_SERVICE, NO_CHANGE ]),
];

/// The columns of [`TABLE`]. [`Step::See`] is how a life begins; nobody asks for it.
const COLUMNS: [Step; 7] = [
    Step::Verify,
    Step::Bind,
    Step::StockIn,
    Step::Swap,
    Step::Unbind,
    Step::Replace,
    Step::Retire,
];

/// An operation with its particulars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// What is done.
    pub operation: Operation,
    /// To whom the terminal goes, if that was said.
    pub merchant: Option<String>,
    /// `vendor:serial` of the terminal whose place it takes; only of a swap, and always there.
    pub replaces: Option<String>,
}

/// The last step of a terminal and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastOperation {
    /// The step.
    pub step: Step,
    /// What the registry said.
    pub reply: RegistryReply,
    /// To whom it went, if that was said.
    pub merchant: Option<String>,
    /// Whose place it took, if it took one.
    pub replaces: Option<String>,
}

impl LastOperation {
    /// Whether `step` may follow.
    ///
    /// # Errors
    /// [`Forbidden`] if it may not.
    pub fn transition(&self, step: Step) -> Cell {
        // What the registry refused did not happen: everything is open again.
        let stands = if self.state() == State::Refused { Step::See } else { self.step };
        let row = TABLE.iter().find(|(row, _)| *row == stands);
        let column = COLUMNS.iter().position(|column| *column == step);
        row.zip(column).map_or(NO_CHANGE, |((_, cells), column)| cells[column])
    }

    /// Whether an operation may follow. One serial belongs to one merchant: what looks like a
    /// repetition and names another merchant, or another terminal to replace, is none.
    ///
    /// # Errors
    /// [`Forbidden`] if it may not.
    pub fn transition_to(&self, placement: &Placement) -> Cell {
        let step = Step::from(placement.operation);
        let next = self.transition(step)?;
        let elsewhere =
            matches!((&self.merchant, &placement.merchant), (Some(a), Some(b)) if a != b);
        let into_service = matches!(step, Step::Bind | Step::Swap);
        let another = step == Step::Swap && self.replaces != placement.replaces;
        if next == Transition::NoChange && into_service && (elsewhere || another) {
            return BOUND;
        }
        Ok(next)
    }

    /// Where the terminal is in its life.
    pub fn state(&self) -> State {
        State::of(self.step, self.reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(step: Step, reply: RegistryReply) -> LastOperation {
        LastOperation { step, reply, merchant: None, replaces: None }
    }

    fn bind_for(merchant: &str) -> Placement {
        Placement { merchant: Some(merchant.into()), ..Placement::default() }
    }

    #[test]
    fn every_state_has_the_name_that_it_is_written_with() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }

    #[test]
    fn every_step_has_a_row_and_all_but_the_first_a_column() {
        for (step, _) in TABLE {
            assert_eq!(COLUMNS.contains(&step), step != Step::See, "{step:?}");
        }
        for step in COLUMNS {
            assert_eq!(TABLE.iter().filter(|(row, _)| *row == step).count(), 1, "{step:?}");
        }
    }

    #[test]
    fn a_usual_life() {
        let mut life = last(Step::See, RegistryReply::Waiting);
        let mut states = vec![life.state()];
        for step in [
            Step::Verify,
            Step::StockIn,
            Step::Bind,
            Step::Unbind,
            Step::Swap,
            Step::Replace,
            Step::StockIn,
            Step::Retire,
        ] {
            assert_eq!(life.transition(step), APPLIES, "{life:?} {step:?}");
            life = last(step, RegistryReply::Taken);
            states.push(life.state());
        }
        use State::*;
        let expected = [
            Seen, Verified, Registered, Registered, Unbound, Registered, Swapped, Registered,
            Retired,
        ];
        assert_eq!(states, expected);
    }

    #[test]
    fn nothing_but_a_look_follows_retirement() {
        let retired = last(Step::Retire, RegistryReply::Taken);
        for step in COLUMNS {
            let next = retired.transition(step);
            assert!(next == NO_CHANGE || next.is_err(), "{step:?}: {next:?}");
        }
    }

    #[test]
    fn a_refused_operation_did_not_happen() {
        for step in [Step::StockIn, Step::Bind, Step::Swap, Step::Unbind, Step::Replace] {
            let refused = last(step, RegistryReply::Refused);
            assert_eq!(refused.state(), State::Refused);
            for wanted in COLUMNS {
                assert_eq!(refused.transition(wanted), APPLIES, "{step:?} then {wanted:?}");
            }
        }
        assert_eq!(last(Step::Retire, RegistryReply::Refused).state(), State::Retired);
    }

    #[test]
    fn an_operation_under_way_counts_as_done() {
        let bound = last(Step::Bind, RegistryReply::Waiting);
        assert_eq!(bound.state(), State::Submitted);
        assert_eq!(bound.transition(Step::Unbind), APPLIES);
        assert_eq!(bound.transition(Step::StockIn), BOUND);
    }

    #[test]
    fn one_serial_belongs_to_one_merchant() {
        let bound =
            LastOperation { merchant: Some("A".into()), ..last(Step::Bind, RegistryReply::Taken) };
        assert_eq!(bound.transition_to(&bind_for("A")), NO_CHANGE);
        assert_eq!(bound.transition_to(&Placement::default()), NO_CHANGE);
        assert_eq!(bound.transition_to(&bind_for("B")), BOUND);
        let unbound = LastOperation { step: Step::Unbind, ..bound };
        assert_eq!(unbound.transition_to(&bind_for("B")), APPLIES);
    }

    #[test]
    fn a_swap_is_the_same_only_for_the_same_old_terminal() {
        let swap = |old: &str| Placement {
            operation: Operation::Swap,
            replaces: Some(old.into()),
            ..Placement::default()
        };
        let swapped = LastOperation {
            replaces: Some("pax:1".into()),
            ..last(Step::Swap, RegistryReply::Taken)
        };
        assert_eq!(swapped.transition_to(&swap("pax:1")), NO_CHANGE);
        assert_eq!(swapped.transition_to(&swap("pax:2")), BOUND);
    }

    #[test]
    fn codes_differ() {
        let mut codes = Forbidden::ALL.map(Forbidden::code).to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Forbidden::ALL.len());
    }
}
