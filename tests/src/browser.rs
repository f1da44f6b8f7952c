//! A person at a page: headless Chromium for the viewer's page, the web view for the window.

mod hands;

use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::http::Method;
use url::{ParseError, Url};

use crate::deadline::{ANSWER, START, until, until_within};
use crate::process::{Process, isolated};

/// A driven browser or window, with its driver.
pub struct Page {
    client: Client,
    driver: Process,
    _profile: Option<TempDir>,
}

/// Chromium without a window, which speaks to this computer only.
pub struct Chromium;

impl Chromium {
    /// Opens a browser with an empty page.
    pub async fn start() -> Page {
        Self::start_sized(1280, 800).await
    }

    /// Opens a browser whose page has this size, such as that of a phone.
    pub async fn start_sized(width: u32, height: u32) -> Page {
        Self::start_as(width, height, &[]).await
    }

    /// Opens a browser that has a camera and a microphone, both made up, and gives them to every page.
    pub async fn start_with_camera() -> Page {
        Self::start_as(800, 600, &["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]).await
    }

    async fn start_as(width: u32, height: u32, more: &[&str]) -> Page {
        let program = program("CHROMEDRIVER", &["/usr/bin/chromedriver", "/snap/bin/chromium.chromedriver"]);
        let mut command = isolated(program);
        command.arg("--port=0");
        let mut driver = Process::start("chromedriver", command);
        let port = driver
            .line("its port", |line| {
                line.rsplit_once("started successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
            })
            .await;
        let profile = TempDir::new().expect("a folder for the profile");
        let browser = program_of_browser();
        let size = format!("--window-size={width},{height}");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let mut arguments = vec![size.as_str(), folder.as_str()];
        arguments.extend([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--autoplay-policy=no-user-gesture-required",
            "--no-first-run",
            "--no-pings",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-domain-reliability",
            "--disable-sync",
            "--disable-features=OptimizationHints,MediaRouter,Translate",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
        ]);
        arguments.extend(more);
        let options = json!({"binary": browser, "args": arguments});
        let capabilities = Map::from_iter([
            ("goog:chromeOptions".to_owned(), options),
            ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
        ]);
        Page::connect(driver, &format!("http://127.0.0.1:{port}"), capabilities, Some(profile)).await
    }
}

fn program_of_browser() -> PathBuf {
    program("CHROMIUM", &["/usr/bin/chromium", "/usr/bin/google-chrome", "/snap/bin/chromium"])
}

fn program(variable: &str, usual: &[&str]) -> PathBuf {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named
        .or_else(|| usual.iter().map(PathBuf::from).find(|path| path.exists()))
        .unwrap_or_else(|| panic!("none of {usual:?} is installed, and {variable} names no other"))
}

impl Page {
    /// Begins a session with a driver that listens at `address`.
    pub(crate) async fn connect(
        driver: Process,
        address: &str,
        capabilities: Map<String, Value>,
        profile: Option<TempDir>,
    ) -> Self {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = match builder.connect(address).await {
            Ok(client) => client,
            Err(error) => panic!("no session: {error}\n{}", driver.errors()),
        };
        Self { client, driver, _profile: profile }
    }

    /// Has Chromium run a script in every page from now on, before the page's own.
    pub async fn before_pages(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("a page can be loaded again");
    }

    /// The value of a script's `return`.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until `expression` is true in the page.
    pub async fn until(&self, what: &str, expression: &str) {
        self.until_within(ANSWER, what, expression).await;
    }

    /// Waits until `expression` is true in the page, for at most `limit`.
    pub async fn until_within(&self, limit: Duration, what: &str, expression: &str) {
        let script = format!("return !!({expression});");
        until_within(limit, what, || async {
            // While a page changes there is no context to ask: that is not an answer.
            matches!(self.client.execute(&script, Vec::new()).await, Ok(Value::Bool(true))).then_some(())
        })
        .await;
    }

    /// Waits until the number that `expression` gives is at least `wanted`, and returns it.
    pub async fn at_least(&self, what: &str, expression: &str, wanted: u64) -> u64 {
        let script = format!("return ({expression});");
        until_within(START, &format!("{what}: {wanted}"), || async {
            let answer = self.client.execute(&script, Vec::new()).await.ok()?;
            answer.as_f64().filter(|number| *number >= wanted as f64).map(|number| number as u64)
        })
        .await
    }

    /// Waits for an element that is seen, by its `data-testid`.
    pub async fn find(&self, id: &str) -> fantoccini::elements::Element {
        let css = format!("[data-testid=\"{id}\"]");
        until(&format!("{id} is on the page"), || async {
            let element = self.client.find(Locator::Css(&css)).await.ok()?;
            element.is_displayed().await.unwrap_or(false).then_some(element)
        })
        .await
    }

    /// Whether an element with this `data-testid` is seen now.
    pub async fn shows(&self, id: &str) -> bool {
        match self.client.find(Locator::Css(&format!("[data-testid=\"{id}\"]"))).await {
            Ok(element) => element.is_displayed().await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// Clicks an element, by its `data-testid`.
    pub async fn click(&self, id: &str) {
        until(&format!("{id} can be clicked"), || async { self.find(id).await.click().await.ok() }).await;
    }

    /// Types into an element, by its `data-testid`.
    pub async fn write(&self, id: &str, text: &str) {
        let result: Result<(), CmdError> = self.find(id).await.send_keys(text).await;
        result.unwrap_or_else(|error| panic!("{id}: {error}"));
    }

    /// Types into an element and presses Enter.
    pub async fn enter(&self, id: &str, text: &str) {
        self.write(id, &format!("{text}{}", char::from(Key::Enter))).await;
    }

    /// The text of an element, by its `data-testid`.
    pub async fn text(&self, id: &str) -> String {
        self.find(id).await.text().await.unwrap_or_default()
    }

    /// Writes what is seen to `target/screenshots/<name>.png`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let png = self.client.screenshot().await.expect("what is seen can be had");
        let path = screenshots().join(format!("{name}.png"));
        std::fs::create_dir_all(screenshots()).expect("a folder for screenshots");
        std::fs::write(&path, png).expect("the screenshot is written");
        path
    }

    /// Follows the clock strip and the beeps of the page's largest video from now on.
    pub async fn follow_video(&self) {
        self.run(include_str!("follow_video.js")).await;
    }

    /// What [`Page::follow_video`] has seen.
    pub async fn followed(&self) -> Followed {
        let seen = self.run("return window.antenneFollowed ?? {pictures: [], beeps: [], loudest: 0};").await;
        serde_json::from_value(seen).expect("follow_video.js writes these fields")
    }

    /// The number of the driver's process, below which the browser or window runs.
    #[must_use]
    pub fn driver_id(&self) -> u32 {
        self.driver.id()
    }

    /// Ends the session, and the browser with it.
    pub async fn close(mut self) {
        // A session that is gone already is closed too.
        let _ = self.client.clone().close().await;
        self.driver.kill().await;
    }
}

/// A command of Chromium's own protocol, through chromedriver.
#[derive(Debug)]
struct DevTools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base_url: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _request_url: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"cmd": self.command, "params": self.parameters}).to_string()))
    }
}

/// What a viewer saw and heard.
#[derive(Debug, Default, serde::Deserialize)]
pub struct Followed {
    /// Every picture that was presented.
    pub pictures: Vec<Presented>,
    /// When each beep began, in Unix time in milliseconds.
    pub beeps: Vec<f64>,
    /// The loudest sample.
    pub loudest: f64,
}

/// One presented picture.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub struct Presented {
    /// Unix time on its strip in milliseconds; none where there was no strip.
    pub strip: Option<u64>,
    /// Unix time in milliseconds when the browser expected it to be seen.
    pub shown: f64,
    /// RTP timestamp, where the browser knows it.
    pub rtp: Option<u64>,
}

impl Followed {
    /// The different strip values, in order of time.
    #[must_use]
    pub fn strips(&self) -> Vec<u64> {
        let mut strips: Vec<u64> = self.pictures.iter().filter_map(|picture| picture.strip).collect();
        strips.sort_unstable();
        strips.dedup();
        strips
    }

    /// For every picture the milliseconds from its making to its showing.
    #[must_use]
    pub fn latencies(&self) -> Vec<f64> {
        self.pictures.iter().filter_map(|picture| Some(picture.shown - picture.strip? as f64)).collect()
    }

    /// For every beep how many milliseconds the sound came later than the picture: the beep of a
    /// full second against the strips of the pictures around it.
    #[must_use]
    pub fn lip_sync(&self) -> Vec<f64> {
        let sync = |beep: &f64| {
            let nearest = self
                .pictures
                .iter()
                .filter(|picture| picture.strip.is_some())
                .min_by(|a, b| (a.shown - beep).abs().total_cmp(&(b.shown - beep).abs()))?;
            let picture_delay = nearest.shown - nearest.strip? as f64;
            let made = ((beep - picture_delay) / 1000.0).round() * 1000.0;
            Some(beep - made - picture_delay)
        };
        self.beeps.iter().filter_map(sync).collect()
    }
}

/// Where screenshots are written: they are looked at, not compared.
#[must_use]
pub fn screenshots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots")
}
