//! The API's own description: it is true, as an independent program finds that generates requests
//! from it.

use std::process::Stdio;
use std::time::Duration;
use tests::harness::{Installation, root};

/// Names the folder that tests/run installs schemathesis into.
const SCHEMATHESIS: &str = "LABELSCAN_TEST_SCHEMATHESIS";

/// A server error, a status, a media type or a body that is not documented fails.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance";

#[tokio::test]
async fn schemathesis_finds_no_server_error_and_no_undocumented_answer() {
    let packages = std::env::var(SCHEMATHESIS).unwrap_or_else(|_| {
        panic!(
            "{SCHEMATHESIS} is not set: tests/run does it, or: python3 -m pip install --target DIR \
             --require-hashes -r tests/contract/requirements.lock"
        )
    });
    let mut installation = Installation::new();
    installation.set("LABELSCAN_REQUESTS_PER_SECOND_MAX", "10000");
    let server = installation.start().await;
    let admin = installation.caller("contract", "admin").await;
    let ended = tokio::process::Command::new("python3")
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{}/openapi.json", installation.address()))
        .args(["--header", &format!("Authorization: Bearer {}", admin.key())])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "15", "--generation-deterministic"])
        .current_dir(installation.folder())
        .env("PYTHONPATH", format!("{packages}:{}", root().join("tests/contract").display()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(Duration::from_secs(280), ended).await;
    let ended = ended.expect("it ends").expect("python3 runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("Fuzzing") && !said.contains("Errors:"), "{said}");
    assert_eq!(server.stop().await, Some(0), "{}", installation.log());
}
