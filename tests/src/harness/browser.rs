//! A real Chromium with a phone's screen and a camera that shows a picture, driven through
//! chromedriver. Both are Debian packages; a test that finds none fails and says so.

use super::{Caller, eventually};
use fantoccini::elements::Element;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a page may take to show what a test waits for, on a busy machine.
const SHOWN_S_MAX: u64 = 60;
/// Where screenshots go, if anywhere.
const SCREENSHOTS: &str = "LABELSCAN_TEST_SCREENSHOTS";

/// The browser's camera.
#[derive(Clone, Debug)]
pub enum Camera {
    /// It shows this JPEG, and pages may use it.
    Showing(Vec<u8>),
    /// There is one, and its owner says no.
    Refused,
}

/// What kind of browser to start.
#[derive(Clone, Debug)]
pub struct BrowserSettings {
    /// Width and height of the page in CSS pixels.
    pub viewport_px: (u32, u32),
    /// Whether it is a phone: touch, and a page as wide as the screen.
    pub phone: bool,
    /// What it asks for in `Accept-Language`.
    pub languages: &'static str,
    /// Its camera.
    pub camera: Camera,
    /// The folder of its profile; one of its own if there is none.
    pub profile: Option<PathBuf>,
    /// A host name for 127.0.0.1 that browsers do not trust as they trust the address itself.
    pub host: Option<&'static str>,
}

impl BrowserSettings {
    /// A phone held upright, in English.
    pub fn phone(camera: Camera) -> Self {
        Self {
            viewport_px: (390, 844),
            phone: true,
            languages: "en-US,en",
            camera,
            profile: None,
            host: None,
        }
    }

    /// A desk's screen, in English.
    pub fn desk() -> Self {
        Self { viewport_px: (1280, 800), phone: false, ..Self::phone(Camera::Refused) }
    }
}

/// A request that a page made.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Bytes that came back over the wire, header and body.
    pub received_bytes: u64,
}

/// A running browser with one page; it is killed when dropped.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    _driver: Child,
    folder: TempDir,
    profile: PathBuf,
    base: String,
}

impl Browser {
    /// Starts one that will open pages of the service at `address`.
    ///
    /// # Panics
    /// If Chromium or chromedriver is missing or does not start.
    pub async fn start(settings: BrowserSettings, address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let profile = settings.profile.clone().unwrap_or_else(|| folder.path().join("profile"));
        let (driver, port) = start_driver(folder.path()).await;
        let capabilities = capabilities(&settings, folder.path(), &profile);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts");
        let host = settings.host.unwrap_or("127.0.0.1");
        let base = format!("http://{host}:{}", address.port());
        Self { client, _driver: driver, folder, profile, base }
    }

    /// Opens a page by its path.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub async fn open(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("a page");
    }

    /// Signs in with a link that `operator` makes; the first page is open then.
    ///
    /// # Panics
    /// If the link does not work.
    pub async fn sign_in(&self, operator: &Caller, name: &str, role: &str) {
        let body = json!({ "name": name, "role": role });
        let made = operator.post("/v1/sign-ins", &body).await.expect("an answer");
        let link = made.body["link"].as_str().unwrap_or_else(|| panic!("no link: {made:?}"));
        let path = link.find("/sign-in").map(|at| &link[at..]).expect("a link to the sign-in");
        self.open(path).await;
        self.click("form button").await;
        self.until("signed in", "location.pathname !== '/sign-in'").await;
    }

    /// The first element that is there and visible.
    ///
    /// # Panics
    /// If none comes in time.
    pub async fn find(&self, css: &str) -> Element {
        let probe = || async {
            let found = self.client.find(Locator::Css(css)).await.ok()?;
            found.is_displayed().await.unwrap_or(false).then_some(found)
        };
        let waiting = eventually(css, Duration::from_secs(SHOWN_S_MAX), probe);
        tokio::select! {
            found = waiting => found,
            () = tokio::time::sleep(Duration::from_secs(SHOWN_S_MAX - 1)) => {
                panic!("{css} is not shown: {}", self.described().await)
            }
        }
    }

    /// Clicks the first element that is there and visible.
    ///
    /// # Panics
    /// If there is none in time or it cannot be clicked.
    pub async fn click(&self, css: &str) {
        // A page may replace an element between its being found and its being clicked.
        let probe = || async { self.find(css).await.click().await.ok() };
        eventually(&format!("a click on {css}"), Duration::from_secs(SHOWN_S_MAX), probe).await;
    }

    /// Text of the first visible element.
    pub async fn text(&self, css: &str) -> String {
        let probe = || async { self.find(css).await.text().await.ok() };
        eventually(&format!("text of {css}"), Duration::from_secs(SHOWN_S_MAX), probe).await
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Panics
    /// If it does not become true; `what` and the page's text are in the message.
    pub async fn until(&self, what: &str, expression: &str) {
        let script = format!("return Boolean({expression})");
        let probe = || async {
            let value = self.client.execute(&script, vec![]).await.ok()?;
            (value == Value::Bool(true)).then_some(())
        };
        let waiting = eventually(what, Duration::from_secs(SHOWN_S_MAX), probe);
        tokio::select! {
            () = waiting => {}
            () = tokio::time::sleep(Duration::from_secs(SHOWN_S_MAX - 1)) => {
                panic!("not so: {what}: {}", self.described().await)
            }
        }
    }

    /// Waits until the page's text contains `words`.
    pub async fn until_shown(&self, words: &str) {
        let expression = format!("document.body.innerText.includes({})", json!(words));
        self.until(&format!("the page says {words:?}"), &expression).await;
    }

    /// What a script returns; a promise is waited for.
    ///
    /// # Panics
    /// If it throws.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Puts a file into a file input, which need not be visible.
    ///
    /// # Panics
    /// If there is no such input.
    pub async fn choose(&self, css: &str, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        let input = self.client.find(Locator::Css(css)).await.expect("an input");
        let path = path.to_str().expect("a path in UTF-8");
        input.send_keys(path).await.expect("the input takes a file");
    }

    /// Puts several files into a file input at once.
    ///
    /// # Panics
    /// If there is no such input.
    pub async fn choose_all(&self, css: &str, files: &[&[u8]]) {
        let write = |(at, bytes): (usize, &&[u8])| {
            let path = self.folder.path().join(format!("chosen-{at}.jpg"));
            std::fs::write(&path, bytes).expect("a file");
            path.to_str().expect("a path in UTF-8").to_owned()
        };
        let paths: Vec<String> = files.iter().enumerate().map(write).collect();
        let input = self.client.find(Locator::Css(css)).await.expect("an input");
        input.send_keys(&paths.join("\n")).await.expect("the input takes files");
    }

    /// Answers the question that the page asks in a window of its own; what it asked.
    ///
    /// # Panics
    /// If it asks nothing.
    pub async fn answer(&self, yes: bool) -> String {
        let asked = || async { self.client.get_alert_text().await.ok() };
        let words = eventually("a question", Duration::from_secs(SHOWN_S_MAX), asked).await;
        let answered =
            if yes { self.client.accept_alert().await } else { self.client.dismiss_alert().await };
        answered.expect("an answer");
        words
    }

    /// Opens an empty tab and goes to it; the tab that was shown before.
    ///
    /// # Panics
    /// If there is none to open.
    pub async fn new_tab(&self) -> WindowHandle {
        let before = self.client.window().await.expect("a tab");
        let opened = self.client.new_window(true).await.expect("another tab");
        self.go_to_tab(opened.handle).await;
        before
    }

    /// Goes to a tab.
    ///
    /// # Panics
    /// If it was closed.
    pub async fn go_to_tab(&self, tab: WindowHandle) {
        self.client.switch_to_window(tab).await.expect("the tab");
    }

    /// Drags a file over an element and lets it go, as from a file manager.
    ///
    /// # Panics
    /// If there is no such element.
    pub async fn drop_file(&self, css: &str, name: &str, bytes: &[u8]) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        let (x, y, width, height) = self.find(css).await.rectangle().await.expect("its place");
        let at = self.run("return [scrollX, scrollY]").await;
        let scrolled = |axis: usize| at[axis].as_f64().unwrap_or_default();
        let (x, y) = (x + width / 2.0 - scrolled(0), y + height / 2.0 - scrolled(1));
        let data = json!({ "items": [], "files": [path], "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": x, "y": y, "data": data });
            self.devtools("Input.dispatchDragEvent", event).await;
        }
    }

    /// Sends keys to whatever has the focus.
    ///
    /// # Panics
    /// If nothing has it.
    pub async fn press(&self, keys: &str) {
        let focused = self.client.active_element().await.expect("a focused element");
        focused.send_keys(keys).await.expect("keys");
    }

    /// Loads the page anew.
    ///
    /// # Panics
    /// If that fails.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("a page");
    }

    /// A command of the Chrome DevTools protocol.
    ///
    /// # Panics
    /// If it fails.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let command = Vendor { path: "goog/cdp/execute", body };
        self.client.issue_cmd(command).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Tells the page that it has no network, or has one again.
    pub async fn offline(&self, offline: bool) {
        let parameters = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", parameters).await;
    }

    /// Prefers dark pages, or light ones.
    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Writes a picture of the whole page as `name`.png into the folder that the environment names
    /// in `LABELSCAN_TEST_SCREENSHOTS`; without it, nothing happens.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub async fn screenshot(&self, name: &str) {
        let Some(folder) = std::env::var_os(SCREENSHOTS) else { return };
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).expect("a file");
    }

    /// What axe-core finds wrong on the page for people with disabilities, one line a finding.
    ///
    /// # Panics
    /// If axe-core is missing.
    pub async fn barriers(&self) -> Vec<String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("axe.min.js");
        let source = std::fs::read_to_string(&source)
            .unwrap_or_else(|_| panic!("{} is missing: tests/run brings it", source.display()));
        self.run(&source).await;
        let script = "return axe.run(document).then((found) => found.violations.flatMap((rule) => \
             rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`)))";
        let found = self.run(script).await;
        let lines = found.as_array().cloned().unwrap_or_default();
        lines.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect()
    }

    /// Errors and warnings on the console since the last look: scripts that throw, requests that
    /// the content security policy forbids.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        entries.iter().filter_map(|it| it["message"].as_str().map(str::to_owned)).collect()
    }

    /// The pages' requests since the last look, those that a service worker answered included;
    /// not those of the browser for its own pages.
    pub async fn requests(&self) -> Vec<Request> {
        let mut requests: Vec<(String, Request)> = Vec::new();
        for entry in self.log("performance").await {
            let message = entry["message"].as_str().unwrap_or_default();
            let event: Value = serde_json::from_str(message).unwrap_or_default();
            let (event, method) = (&event["message"]["params"], &event["message"]["method"]);
            let id = event["requestId"].as_str().unwrap_or_default();
            match method.as_str() {
                Some("Network.requestWillBeSent") => {
                    let url = event["request"]["url"].as_str().unwrap_or_default().to_owned();
                    requests.push((id.to_owned(), Request { url, received_bytes: 0 }));
                }
                Some("Network.loadingFinished") => {
                    let received = event["encodedDataLength"].as_f64().unwrap_or_default();
                    if let Some((_, request)) = requests.iter_mut().rfind(|it| it.0 == id) {
                        request.received_bytes = received as u64;
                    }
                }
                _ => {}
            }
        }
        let all = requests.into_iter().map(|(_, request)| request);
        all.filter(|request| !request.url.starts_with("chrome")).collect()
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let command = Vendor { path: "se/log", body: json!({ "type": kind }) };
        let entries = self.client.issue_cmd(command).await.expect("a log");
        entries.as_array().cloned().unwrap_or_default()
    }

    /// Ends it as an empty battery would. The profile stays if the test gave one.
    pub fn kill(self) {}

    /// What the page says, for a message.
    async fn described(&self) -> String {
        let script = "return `${location.href}: ${document.body.innerText}`";
        let page = self.client.execute(script, vec![]).await;
        format!("{page:?}, console: {:?}", self.complaints().await)
    }
}

impl Drop for Browser {
    /// chromedriver leaves its browser behind when it is killed, so each process that names this
    /// profile is ended.
    fn drop(&mut self) {
        let profile = format!("--user-data-dir={}", self.profile.display());
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ours = processes.filter_map(|process| {
            let line = std::fs::read(process.path().join("cmdline")).ok()?;
            let names_it = line.split(|byte| *byte == 0).any(|word| word == profile.as_bytes());
            names_it.then(|| process.file_name()).filter(|id| id.to_string_lossy() != "self")
        });
        let ours: Vec<_> = ours.collect();
        if !ours.is_empty() {
            // One that has ended by itself meanwhile is no error.
            let _ = std::process::Command::new("kill")
                .arg("-9")
                .args(ours)
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// A command outside the WebDriver standard, below the session's address.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(
        &self,
        base: &reqwest::Url,
        session: Option<&str>,
    ) -> Result<reqwest::Url, <reqwest::Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &reqwest::Url) -> (reqwest::Method, Option<String>) {
        (reqwest::Method::POST, Some(self.body.to_string()))
    }
}

/// How often chromedriver may give up: it chooses a port in one address family and ends if another
/// program has the same in the other.
const DRIVER_STARTS_MAX: usize = 3;

/// Starts chromedriver on a port that it chooses.
/// What the two write beside the profile goes into `folder`, and with it.
async fn start_driver(folder: &Path) -> (Child, u16) {
    for _ in 0..DRIVER_STARTS_MAX {
        if let Some(started) = try_driver(folder).await {
            return started;
        }
    }
    panic!("chromedriver does not say its port");
}

async fn try_driver(folder: &Path) -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver starts (Debian packages chromium and chromium-driver; tests/run brings them)");
    let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
    let told = async {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some((_, port)) = line.trim_end_matches('.').rsplit_once("on port ")
                && line.contains("successfully")
            {
                return port.parse().ok();
            }
        }
        None
    };
    let port = tokio::time::timeout(Duration::from_secs(SHOWN_S_MAX), told).await;
    let port = port.ok().flatten()?;
    // Its pipe is kept empty for as long as it lives.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Some((driver, port))
}

fn capabilities(
    settings: &BrowserSettings,
    folder: &Path,
    profile: &Path,
) -> serde_json::Map<String, Value> {
    let (width, height) = settings.viewport_px;
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        "--hide-scrollbars",
        "--use-fake-device-for-media-stream",
    ]
    .map(str::to_owned)
    .into();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments.push(format!("--window-size={width},{height}"));
    match &settings.camera {
        Camera::Showing(jpeg) => {
            // A film of one picture, which plays in a loop.
            let film = folder.join("camera.mjpeg");
            std::fs::write(&film, jpeg).expect("a film");
            arguments.push("--use-fake-ui-for-media-stream".to_owned());
            arguments.push(format!("--use-file-for-fake-video-capture={}", film.display()));
        }
        Camera::Refused => arguments.push("--deny-permission-prompts".to_owned()),
    }
    if let Some(host) = settings.host {
        arguments.push(format!("--host-resolver-rules=MAP {host} 127.0.0.1"));
    }
    let mut options = json!({
        "args": arguments,
        "prefs": { "intl.accept_languages": settings.languages },
    });
    if settings.phone {
        options["mobileEmulation"] = json!({ "deviceMetrics": {
            "width": width, "height": height, "pixelRatio": 2.0, "mobile": true, "touch": true,
        }});
    }
    let capabilities = json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "WARNING", "performance": "ALL" },
    });
    capabilities.as_object().cloned().unwrap_or_default()
}
