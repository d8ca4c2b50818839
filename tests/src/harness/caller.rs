//! A client of the HTTP API.

use reqwest::multipart::{Form, Part};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

/// What the service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// All headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body, `Null` if it is no JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The scan's id.
    ///
    /// # Panics
    /// If the body has none.
    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id: {self:?}")).to_owned()
    }

    /// The accepted serial, `""` if there is none.
    pub fn serial(&self) -> &str {
        self.body["serial"]["value"].as_str().unwrap_or_default()
    }
}

/// Someone with a key.
#[derive(Clone, Debug)]
pub struct Caller {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Caller {
    /// Calls the service at `address` with `key`.
    ///
    /// # Panics
    /// If no client can be made.
    pub fn new(address: SocketAddr, key: &str) -> Self {
        static TLS: OnceLock<()> = OnceLock::new();
        TLS.get_or_init(|| {
            // A second installation in one process is refused and does no harm.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(120))
            .build()
            .expect("an HTTP client");
        Self { http, base: format!("http://{address}"), key: key.to_owned() }
    }

    /// The key it sends.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same caller with another key.
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// A request to `path`, with the key, to be completed by the test.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    /// Sends the request; `None` if the connection failed.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let text = response.text().await.ok()?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Some(Answer { status, content_type, headers, body, text })
    }

    /// GET; `None` if the connection failed.
    pub async fn get(&self, path: &str) -> Option<Answer> {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    /// POST of a JSON body; `None` if the connection failed.
    pub async fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.send(self.request(reqwest::Method::POST, path).json(body)).await
    }

    /// Uploads photos of one terminal as a form; `None` if the connection failed.
    ///
    /// # Panics
    /// If `details` cannot be sent.
    pub async fn upload(&self, idempotency_key: &str, photos: &[&[u8]]) -> Option<Answer> {
        self.upload_with(idempotency_key, photos, None).await
    }

    /// Uploads photos with the form's `details` part; `None` if the connection failed.
    ///
    /// # Panics
    /// If `details` cannot be sent.
    pub async fn upload_with(
        &self,
        idempotency_key: &str,
        photos: &[&[u8]],
        details: Option<&Value>,
    ) -> Option<Answer> {
        let mut form = Form::new();
        for photo in photos {
            let part = Part::bytes(photo.to_vec()).file_name("label.jpg");
            form = form.part("photo", part.mime_str("image/jpeg").expect("a media type"));
        }
        if let Some(details) = details {
            let part = Part::text(details.to_string());
            form = form.part("details", part.mime_str("application/json").expect("a media type"));
        }
        let request = self.request(reqwest::Method::POST, "/v1/scans");
        self.send(request.header("Idempotency-Key", idempotency_key).multipart(form)).await
    }

    /// Uploads one photo as the request's body; `None` if the connection failed.
    pub async fn upload_raw(&self, idempotency_key: &str, photo: &[u8]) -> Option<Answer> {
        let request = self.request(reqwest::Method::POST, "/v1/scans");
        let request = request
            .header("Idempotency-Key", idempotency_key)
            .header("Content-Type", "image/jpeg")
            .body(photo.to_vec());
        self.send(request).await
    }
}
