//! Between columns and values: milliseconds, JSON, enums spelled in snake_case.

use crate::database::error::StoreError;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::any::{AnyQueryResult, AnyRow};
use sqlx::{Any, Decode, Row, Type};

/// A column of a row.
pub(crate) fn column<'r, T>(row: &'r AnyRow, name: &str) -> Result<T, StoreError>
where
    T: Decode<'r, Any> + Type<Any>,
{
    Ok(row.try_get(name)?)
}

/// A time from a column of milliseconds.
pub(crate) fn time(row: &AnyRow, name: &str) -> Result<Timestamp, StoreError> {
    to_time(column(row, name)?)
}

/// A time that may be missing.
pub(crate) fn time_or_none(row: &AnyRow, name: &str) -> Result<Option<Timestamp>, StoreError> {
    column::<Option<i64>>(row, name)?.map(to_time).transpose()
}

fn to_time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Damaged("a time out of range".into()))
}

/// A count, which is never negative.
pub(crate) fn count<T: TryFrom<i64>>(row: &AnyRow, name: &str) -> Result<T, StoreError> {
    T::try_from(column::<i64>(row, name)?)
        .map_err(|_| StoreError::Damaged("a count out of range".into()))
}

/// A value as JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Invalid(error.to_string()))
}

/// A value from JSON that the store wrote. The message names no content: it may hold a serial.
pub(crate) fn from_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(json).map_err(|error| {
        StoreError::Damaged(format!("JSON ends or breaks at column {}", error.column()))
    })
}

/// An enum's name as the database spells it.
pub(crate) fn name_of(value: impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        _ => Err(StoreError::Invalid("a name was expected".into())),
    }
}

/// An enum from the name in a column.
pub(crate) fn named<T: DeserializeOwned>(row: &AnyRow, name: &str) -> Result<T, StoreError> {
    let spelled = column::<String>(row, name)?;
    serde_json::from_value(serde_json::Value::String(spelled))
        .map_err(|_| StoreError::Damaged(format!("an unknown {name}")))
}

/// Exactly one row was changed, or the claim that named it is void.
pub(crate) fn ensure_held(changed: &AnyQueryResult) -> Result<(), StoreError> {
    if changed.rows_affected() == 1 { Ok(()) } else { Err(StoreError::LeaseLost) }
}

/// `$1, $2, …` for so many values.
pub(crate) fn places(n: usize) -> String {
    (1..=n).map(|at| format!("${at}")).collect::<Vec<_>>().join(", ")
}

/// `($1, $2), ($3, $4), …` for so many rows of so many columns.
pub(crate) fn places_of_rows(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places = (1..=columns).map(|at| format!("${}", row * columns + at));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
