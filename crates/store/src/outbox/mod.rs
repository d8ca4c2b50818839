//! Registrations on their way to the registry: claimed, settled, announced between nodes. A delivery
//! must never change its id or its bytes, nor be settled by a claim that was lost.

pub(crate) mod announce;
pub(crate) mod deliveries;
pub(crate) mod delivery;
pub(crate) mod listen;
pub(crate) mod settlement;
