//! What the API says about itself at `/openapi.json`.

use crate::case::{Body, By, Case};
use crate::service::{Call, Service};
use serde_json::Value;
use std::collections::BTreeSet;

/// The description of every call.
pub(crate) struct Description(Value);

/// A call as it is described.
#[derive(Clone, Debug)]
pub(crate) struct DescribedCall {
    /// `METHOD /path`.
    pub(crate) name: String,
    /// The answers that are documented by their own status.
    pub(crate) statuses: BTreeSet<u16>,
    /// Whether any other refusal with a code is documented.
    pub(crate) may_refuse: bool,
    /// Whether a caller must be known.
    pub(crate) needs_key: bool,
    /// Whether technicians may not make it.
    pub(crate) is_for_operators: bool,
}

impl Description {
    /// What a running service serves.
    pub(crate) async fn served() -> Self {
        let service = Service::where_all(&[]).await;
        let asked = Call::new(By::Nobody, "GET /openapi.json", Body::Empty);
        Self(service.call(&asked).await.json())
    }

    /// Every call.
    pub(crate) fn calls(&self) -> Vec<DescribedCall> {
        let paths = self.0["paths"].as_object().expect("paths");
        let each = paths.iter().flat_map(|(path, calls)| {
            let calls = calls.as_object().expect("calls");
            calls.iter().map(move |(method, call)| described(method, path, call))
        });
        each.collect()
    }

    /// Every code of a refusal.
    pub(crate) fn codes(&self) -> BTreeSet<String> {
        let code = &self.0["components"]["schemas"]["Code"];
        let words = code["enum"].as_array().expect("codes");
        words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    }

    /// The described call that a case makes. Of two that fit, the one with fewer parameters.
    pub(crate) fn call_of(&self, case: &Case) -> DescribedCall {
        let fits = |call: &DescribedCall| {
            let (method, path) = call.name.split_once(' ').expect("METHOD /path");
            method == case.method.as_str() && is_path(path, case.path)
        };
        let fitting = self.calls().into_iter().filter(fits);
        let parameters = |call: &DescribedCall| call.name.matches('{').count();
        fitting.min_by_key(parameters).unwrap_or_else(|| panic!("{} is no call", case.path))
    }
}

fn described(method: &str, path: &str, call: &Value) -> DescribedCall {
    let answers = call["responses"].as_object().expect("answers");
    let statuses = answers.keys().filter_map(|status| status.parse().ok()).collect();
    let text = call["description"].as_str().unwrap_or_default();
    DescribedCall {
        name: format!("{} {path}", method.to_uppercase()),
        statuses,
        may_refuse: answers.contains_key("4XX"),
        needs_key: call["security"].is_null(),
        is_for_operators: text.contains("For operators"),
    }
}

/// Whether a case's path is one of a described path.
fn is_path(described: &str, called: &str) -> bool {
    let called = called.split('?').next().unwrap_or_default();
    let (described, called) = (described.split('/'), called.split('/'));
    described.clone().count() == called.clone().count()
        && described.zip(called).all(|(wanted, got)| wanted == got || wanted.starts_with('{'))
}
