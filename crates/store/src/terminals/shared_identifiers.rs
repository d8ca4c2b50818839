//! The numbers on labels that are known to be no serials, and which devices they were seen on.
//!
//! A number on the labels of two devices is a part number or the like and never a serial; and where
//! a number that belongs to one device alone was seen on two, the two are probably one device under
//! two serials. Two devices a number are remembered, whatever comes after them. Only what a label
//! itself names as something else is remembered: a serial that stood beside another one is not.

use crate::database::error::StoreError;
use crate::database::row::name_of;
use crate::database::tx::Tx;
use crate::seal::context::IndexDomain;
use crate::terminals::registration::Registration;
use validate::{Identifier, IdentifierKind, fold};

/// Remembers the numbers that a label shows beside the serial that is registered.
pub(crate) async fn remember(
    tx: &mut Tx<'_>,
    identifiers: &[Identifier],
    registration: &Registration,
) -> Result<(), StoreError> {
    let device = tx.seal.blind(IndexDomain::Device, &registration.device_key);
    for identifier in identifiers {
        let value = fold(&identifier.value);
        if identifier.kind == IdentifierKind::Serial || value.is_empty() {
            continue;
        }
        sqlx::query(
            "INSERT INTO beside (value_key, device, kind) \
             SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT) \
             WHERE (SELECT COUNT(*) FROM beside WHERE value_key = $1) < 2 \
             ON CONFLICT (value_key, device) DO NOTHING",
        )
        .bind(tx.seal.blind(IndexDomain::Number, &value))
        .bind(&device)
        .bind(name_of(identifier.kind)?)
        .execute(&mut *tx.connection)
        .await?;
    }
    Ok(())
}
