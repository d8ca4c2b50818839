//! New serials for devices that an operator numbers: never one twice, whoever asks, and the judge
//! takes them.

use render::tag;
use serde_json::json;
use std::collections::BTreeSet;
use tests::harness::Installation;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_at_once_get_serials_of_their_own() {
    let installation = Installation::new();
    let server = installation.start().await;
    let operator = installation.caller("desk", "operator").await;
    let wanted = json!({"count": 300, "batch": "pallet 7", "check": true});
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        let (operator, wanted) = (operator.clone(), wanted.clone());
        asking.spawn(async move { operator.post("/v1/serials", &wanted).await });
    }
    let ended = installation.run(&["generate", "--count", "1500"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let mut serials: Vec<String> = ended.stdout.lines().map(str::to_owned).collect();
    for answer in asking.join_all().await {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 201, "{answer:?}");
        let issued = answer.body["serials"].as_array().expect("serials").clone();
        serials.extend(issued.iter().filter_map(|serial| serial.as_str().map(str::to_owned)));
    }
    let different: BTreeSet<&String> = serials.iter().collect();
    assert_eq!((serials.len(), different.len()), (1500 + 8 * 300, 1500 + 8 * 300));
    assert!(serials.iter().all(|serial| serial.len() == 16));
    let estate = operator.get("/v1/estate?most=1").await.expect("an answer");
    assert_eq!(estate.body["count"], 3900, "{estate:?}");

    let photo = tag(&serials[0]).expect("a symbol");
    let read = operator.upload_with("1", &[&photo], None).await.expect("an answer");
    assert_eq!(read.body["serial"]["value"], serials[0].as_str(), "{read:?}");
    let technician = installation.caller("van", "technician").await;
    let refused = technician.post("/v1/serials", &wanted).await.expect("an answer");
    assert_eq!(refused.status, 403);
    for wrong in [json!({"count": 0}), json!({"count": 10_001}), json!({"count": 1, "format": "?"})]
    {
        let refused = operator.post("/v1/serials", &wrong).await.expect("an answer");
        assert_eq!(refused.body["code"], "parameter_invalid", "{refused:?}");
    }
    assert_eq!(server.stop().await, Some(0));
}
