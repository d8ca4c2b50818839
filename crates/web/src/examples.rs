//! What answers look like, for the description of the calls: an object of each kind whose fields do
//! not say enough by themselves.

use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};

/// By the name of the object.
pub(crate) fn examples() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("examples.json")).expect("a test reads it")
}

/// Puts the examples into the description.
pub(crate) struct Examples;

impl utoipa::Modify for Examples {
    fn modify(&self, api: &mut OpenApi) {
        let Some(components) = api.components.as_mut() else { return };
        for (name, example) in examples() {
            if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(&name) {
                object.example = Some(example);
            }
        }
    }
}
