//! The life of a terminal: what may be done to it after what, and what that leaves.
//!
//! [`TABLE`] is the one a domain expert reads, as the judge's tables are for serials; it is printed
//! in `docs/registry.md`. It stands here and not in the store because it is knowledge of the trade
//! and needs no database to be tested; the store asks it under the lock of the terminal's row, in
//! the transaction that records the step. Pure, and total: whatever stands, every step is allowed,
//! changes nothing, or is forbidden with a code.
//!
//! An event tells all that stands after it, not what changed. So a registry that takes the last
//! event of a device, and knows nothing else, knows what labelscan knows.

mod standing;
#[cfg(test)]
mod tests;

pub use standing::{LastOperation, Placement, Standing};

use serde::{Deserialize, Serialize};

/// What is done with a terminal, as a technician says it and as the registry hears it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// It exists, and here is the evidence. Changes nothing else.
    #[default]
    Register,
    /// It goes into service at a merchant.
    Bind,
    /// It goes on the shelf.
    StockIn,
    /// It takes another one's place.
    Swap,
    /// It leaves its merchant.
    Unbind,
    /// There is no such terminal: its serial was taken down wrong.
    Withdraw,
}

/// Everything that can happen to a terminal: the operations, and what has no event of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It was named, for example as the one that a swap replaces.
    See,
    /// Somebody compared it with what is recorded.
    Verify,
    /// A photo of it was accepted.
    Register,
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
    /// Its serial was wrong.
    Withdraw,
}

impl From<Operation> for Step {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Register => Self::Register,
            Operation::Bind => Self::Bind,
            Operation::StockIn => Self::StockIn,
            Operation::Swap => Self::Swap,
            Operation::Unbind => Self::Unbind,
            Operation::Withdraw => Self::Withdraw,
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
    /// Its serial was wrong: there is no such terminal.
    Withdrawn,
}

impl State {
    /// Every state, in the order in which a life goes through them.
    pub const ALL: [Self; 9] = [
        Self::Seen,
        Self::Verified,
        Self::Submitted,
        Self::Registered,
        Self::Refused,
        Self::Swapped,
        Self::Unbound,
        Self::Retired,
        Self::Withdrawn,
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
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state that the last step leaves, given the registry's word about it. It is never stored
    /// by itself, so that it cannot contradict the delivery.
    pub fn of(step: Step, reply: RegistryReply) -> Self {
        match (step, reply) {
            (Step::Retire, _) => Self::Retired,
            (_, RegistryReply::Refused) => Self::Refused,
            (Step::See, _) => Self::Seen,
            (Step::Verify, _) => Self::Verified,
            (Step::Replace, _) => Self::Swapped,
            (Step::Withdraw, _) => Self::Withdrawn,
            (_, RegistryReply::Waiting) => Self::Submitted,
            (Step::Unbind, RegistryReply::Taken) => Self::Unbound,
            (Step::Register | Step::Bind | Step::StockIn | Step::Swap, RegistryReply::Taken) => {
                Self::Registered
            }
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
    /// The swap names no terminal to replace.
    ReplacesMissing,
    /// Nobody has seen the terminal that the swap names.
    ReplacedUnknown,
    /// It is to go to a merchant, and neither merchant nor terminal number was said.
    MerchantMissing,
}

impl Forbidden {
    /// Every code, for documentation and tests.
    pub const ALL: [Self; 9] = [
        Self::Retired,
        Self::Swapped,
        Self::Bound,
        Self::NotBound,
        Self::ReplacedNotInService,
        Self::SwapWithItself,
        Self::ReplacesMissing,
        Self::ReplacedUnknown,
        Self::MerchantMissing,
    ];

    /// Whether nothing but a word is missing: the terminal is registered all the same, and whoever
    /// sent it is asked.
    pub fn is_incomplete(self) -> bool {
        matches!(self, Self::ReplacesMissing | Self::ReplacedUnknown | Self::MerchantMissing)
    }

    /// A stable code that programs may act on.
    pub fn code(self) -> &'static str {
        match self {
            Self::Retired => "terminal_retired",
            Self::Swapped => "terminal_swapped",
            Self::Bound => "terminal_bound",
            Self::NotBound => "terminal_not_bound",
            Self::ReplacedNotInService => "replaced_not_in_service",
            Self::SwapWithItself => "swap_with_itself",
            Self::ReplacesMissing => "replaces_missing",
            Self::ReplacedUnknown => "replaced_unknown",
            Self::MerchantMissing => "merchant_missing",
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
            Self::ReplacesMissing => "a swap names the terminal that is replaced: say which",
            Self::ReplacedUnknown => {
                "nobody has seen the terminal that is to be replaced: photograph its label, or choose \
                 it from the list"
            }
            Self::MerchantMissing => {
                "a bind names the merchant or the terminal number (TID): say which"
            }
        })
    }
}

/// What a step comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It happens, and what it leaves stands from now on.
    Applies,
    /// It has happened already: nothing changes, unless it names another place.
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
const TABLE: [(Step, [Cell; 9]); 10] = [
    // stands           Verify     Register   Bind       StockIn    Swap       Unbind     Replace         Retire     Withdraw
    (Step::See,      [ APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,        APPLIES,   NO_CHANGE ]),
    (Step::Verify,   [ NO_CHANGE, APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,        APPLIES,   NO_CHANGE ]),
    (Step::Register, [ NO_CHANGE, NO_CHANGE, APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,        APPLIES,   APPLIES   ]),
    (Step::StockIn,  [ NO_CHANGE, NO_CHANGE, APPLIES,   NO_CHANGE, APPLIES,   NOT_BOUND, NOT_IN_SERVICE, APPLIES,   APPLIES   ]),
    (Step::Bind,     [ NO_CHANGE, NO_CHANGE, NO_CHANGE, BOUND,     BOUND,     APPLIES,   APPLIES,        APPLIES,   APPLIES   ]),
    (Step::Swap,     [ NO_CHANGE, NO_CHANGE, NO_CHANGE, BOUND,     NO_CHANGE, APPLIES,   APPLIES,        APPLIES,   APPLIES   ]),
    (Step::Unbind,   [ NO_CHANGE, NO_CHANGE, APPLIES,   APPLIES,   APPLIES,   NO_CHANGE, NOT_IN_SERVICE, APPLIES,   APPLIES   ]),
    (Step::Replace,  [ NO_CHANGE, NO_CHANGE, SWAPPED,   APPLIES,   SWAPPED,   SWAPPED,   NOT_IN_SERVICE, APPLIES,   APPLIES   ]),
    (Step::Retire,   [ NO_CHANGE, NO_CHANGE, RETIRED,   RETIRED,   RETIRED,   RETIRED,   NOT_IN_SERVICE, NO_CHANGE, RETIRED   ]),
    (Step::Withdraw, [ NO_CHANGE, APPLIES,   APPLIES,   APPLIES,   APPLIES,   APPLIES,   NOT_IN_SERVICE, APPLIES,   NO_CHANGE ]),
];

/// The columns of [`TABLE`]. [`Step::See`] is how a life begins; nobody asks for it.
const COLUMNS: [Step; 9] = [
    Step::Verify,
    Step::Register,
    Step::Bind,
    Step::StockIn,
    Step::Swap,
    Step::Unbind,
    Step::Replace,
    Step::Retire,
    Step::Withdraw,
];

/// The cell of the table; a step without a column changes nothing.
fn cell(stands: Step, asked: Step) -> Cell {
    let row = TABLE.iter().find(|(row, _)| *row == stands);
    let column = COLUMNS.iter().position(|column| *column == asked);
    row.zip(column).map_or(NO_CHANGE, |((_, cells), column)| cells[column])
}
