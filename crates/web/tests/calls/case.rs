//! One row of a table: what is given, who calls what, and what is answered.

use crate::given::Given;
use crate::photos::jpeg;
use axum::http::Method;
use bytes::Bytes;

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum By {
    /// Somebody who sends no key.
    Nobody,
    /// Somebody whose key was never given out.
    Stranger,
    /// A technician whose key is over.
    Expired,
    /// A technician whose key was revoked.
    Revoked,
    /// A technician.
    Technician,
    /// A technician who has nothing to do with the first.
    AnotherTechnician,
    /// An operator.
    Operator,
    /// Another operator.
    AnotherOperator,
    /// An admin.
    Admin,
}

impl By {
    /// The name under which the caller's key was given out; none for those without one.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Stranger => None,
            Self::Expired => Some("van 5"),
            Self::Revoked => Some("van 6"),
            Self::Technician => Some("van 7"),
            Self::AnotherTechnician => Some("van 8"),
            Self::Operator => Some("desk 1"),
            Self::AnotherOperator => Some("desk 2"),
            Self::Admin => Some("head office"),
        }
    }
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// Bytes of a media type. Names in braces are filled in, as in the path.
    Bytes(&'static str, Bytes),
    /// A JPEG that begins and never ends.
    Endless,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) says: &'static str,
    pub(crate) given: Vec<Given>,
    pub(crate) by: By,
    pub(crate) method: Method,
    /// With names in braces for what the given steps brought about, such as `{scan}`.
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Body,
    pub(crate) status: u16,
    /// The stable code, if it is a refusal.
    pub(crate) code: Option<&'static str>,
}

/// A case: `case(who does what).given(…).by(…).calls("GET /v1/…").answers(200)`.
pub(crate) fn case(says: &'static str) -> Case {
    Case {
        says,
        given: Vec::new(),
        by: By::Technician,
        method: Method::GET,
        path: "",
        headers: Vec::new(),
        body: Body::Empty,
        status: 0,
        code: None,
    }
}

impl Case {
    /// Adds what happened before.
    pub(crate) fn given(mut self, steps: impl IntoIterator<Item = Given>) -> Self {
        self.given.extend(steps);
        self
    }

    pub(crate) fn by(self, by: By) -> Self {
        Self { by, ..self }
    }

    /// `METHOD /path`.
    pub(crate) fn calls(self, call: &'static str) -> Self {
        let (method, path) = call.split_once(' ').expect("METHOD /path");
        Self { method: method.parse().expect("a method"), path, ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn json(self, json: &'static str) -> Self {
        self.body("application/json", json.as_bytes())
    }

    pub(crate) fn csv(self, csv: &'static str) -> Self {
        self.body("text/csv", csv.as_bytes())
    }

    /// The body is a photo that shows this.
    pub(crate) fn photo(self, shows: &'static str) -> Self {
        Self { body: Body::Bytes("image/jpeg", jpeg(shows)), ..self }
    }

    /// The body is a form of these parts.
    pub(crate) fn form(self, parts: &[(&str, &[u8])]) -> Self {
        Self { body: Body::Bytes(FORM, form(parts)), ..self }
    }

    pub(crate) fn body(self, media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { body: Body::Bytes(media_type, Bytes::from_static(bytes)), ..self }
    }

    /// The body begins and never ends.
    pub(crate) fn endless_body(self) -> Self {
        Self { body: Body::Endless, ..self }
    }

    pub(crate) fn answers(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The call is refused: nothing changes, and the answer is a problem with this code.
    pub(crate) fn refuses(self, status: u16, code: &'static str) -> Self {
        Self { status, code: Some(code), ..self }
    }

    /// Whether what was asked for is done.
    pub(crate) fn succeeds(&self) -> bool {
        self.status < 400
    }
}

/// The media type of [`form`].
pub(crate) const FORM: &str = "multipart/form-data; boundary=b";

/// The bytes of a form with these parts.
pub(crate) fn form(parts: &[(&str, &[u8])]) -> Bytes {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    body.into()
}
