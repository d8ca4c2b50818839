//! Who is let in: links that are handed out, and accounts of a company.

use crate::case::By::{Admin, Nobody, Operator};
use crate::case::{Body, Case, case};
use crate::given::Given;
use crate::service::{Call, Service};
use crate::table::assert_table;

/// Somebody is signed in; what the session's secret is, nobody knows.
const TECHNICIAN_IS_IN: Given = Given::Damaged(
    "INSERT INTO sessions (hash, role, name, created_at, expires_at) VALUES \
     ('0123456789abcdef0123', 'technician', 'van 9', 1772352000000, 1772452000000)",
);
const ADMIN_IS_IN: Given = Given::Damaged(
    "INSERT INTO sessions (hash, role, name, created_at, expires_at) VALUES \
     ('fedcba98765432100123', 'admin', 'head office', 1772352000000, 1772452000000)",
);

fn session_cases() -> Vec<Case> {
    let operator = |says| case(says).by(Operator);
    vec![
        operator("an operator sees who is signed in")
            .given([TECHNICIAN_IS_IN, ADMIN_IS_IN])
            .calls("GET /v1/sessions")
            .answers(200),
        operator("an operator signs a technician out")
            .given([TECHNICIAN_IS_IN])
            .calls("DELETE /v1/sessions/0123456789abcdef")
            .answers(204),
        operator("an operator signs no admin out")
            .given([ADMIN_IS_IN])
            .calls("DELETE /v1/sessions/fedcba9876543210")
            .refuses(403, "forbidden"),
        operator("who is not signed in is not signed out")
            .calls("DELETE /v1/sessions/0123456789abcdef")
            .refuses(404, "not_found"),
        operator("an operator signs a technician out everywhere")
            .given([TECHNICIAN_IS_IN])
            .calls("DELETE /v1/sessions?name=van%209")
            .answers(200),
        operator("an operator signs no admin out anywhere")
            .given([ADMIN_IS_IN])
            .calls("DELETE /v1/sessions?name=head%20office")
            .refuses(403, "forbidden"),
        operator("somebody has to be named to be signed out")
            .calls("DELETE /v1/sessions")
            .refuses(400, "parameter_invalid"),
    ]
}

pub(crate) fn cases() -> Vec<Case> {
    [link_cases(), session_cases()].concat()
}

fn link_cases() -> Vec<Case> {
    let link = |says| case(says).by(Operator).calls("POST /v1/sign-ins");
    vec![
        link("an operator makes a link for a technician")
            .json(r#"{"name":"van 9","role":"technician"}"#)
            .answers(201),
        link("an admin makes a link for an admin")
            .by(Admin)
            .json(r#"{"name":"head office 2","role":"admin"}"#)
            .answers(201),
        link("an operator makes no link for an admin")
            .json(r#"{"name":"head office 2","role":"admin"}"#)
            .refuses(403, "forbidden"),
        link("somebody without a name is let in by no link")
            .json(r#"{"name":" ","role":"technician"}"#)
            .refuses(400, "parameter_invalid"),
        link("a role that there is not is refused")
            .json(r#"{"name":"van 9","role":"owner"}"#)
            .refuses(400, "body_malformed"),
        case("without a company there is no way to it")
            .by(Nobody)
            .calls("GET /v1/oidc/start")
            .refuses(404, "not_found"),
        case("without a company nobody comes back from it")
            .by(Nobody)
            .calls("GET /v1/oidc/callback?state=a&code=b")
            .refuses(404, "not_found"),
        case("an attempt that nobody began signs nobody in")
            .given([Given::IdentityProvider])
            .by(Nobody)
            .calls("GET /v1/oidc/callback?state=a&code=b")
            .answers(400),
        case("who is not signed in is shown the way in").by(Nobody).calls("GET /").answers(303),
        case("a form that carries no link lets nobody in")
            .by(Nobody)
            .calls("POST /sign-in")
            .body("application/x-www-form-urlencoded", b"nothing=0")
            .refuses(401, "sign_in_invalid"),
    ]
}

#[tokio::test]
async fn people_are_let_in_by_links_and_by_their_company() {
    assert_table("people", cases()).await;
}

#[tokio::test]
async fn sign_in_page_offers_the_company_only_where_one_is_set() {
    for (given, is_offered) in [(vec![], false), (vec![Given::IdentityProvider], true)] {
        let service = Service::where_all(&given).await;
        let page = service.call(&Call::new(Nobody, "GET /sign-in", Body::Empty)).await;
        let text = String::from_utf8_lossy(&page.body);
        assert_eq!((page.status, text.contains("/v1/oidc/start")), (200, is_offered), "{text}");
    }
}
