//! What a person does with a page besides clicking and typing: fingers, keys, a turned phone. And how a page
//! is looked at: in three sizes, and by axe.

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::{DevTools, Page};

/// The sizes in which pages are looked at: the narrowest phone, a phone, the same turned, a desk.
const SIZES: [(u32, u32); 4] = [(320, 640), (390, 844), (844, 390), (1280, 800)];

/// Words in the place of the picture that do not fit into it.
const CUT: &str = "
    return [...document.querySelectorAll('[data-testid=slate]')].flatMap((slate) => {
        const [outer, inner] = [slate, slate.firstElementChild].map((element) => element.getBoundingClientRect());
        const fits = [...slate.firstElementChild.children].every((child) => {
            const { top, bottom } = child.getBoundingClientRect();
            return top >= outer.top - 1 && bottom <= outer.bottom + 1;
        });
        return fits ? [] : [`${slate.dataset.kind}: ${Math.round(inner.height)} px in ${Math.round(outer.height)}`];
    });";

/// Every finding of axe in the page, in words; empty where there is none.
const AXE: &str = "
    const done = arguments[arguments.length - 1];
    const rules = { rules: { 'color-contrast': { enabled: true }, 'target-size': { enabled: true } } };
    axe.run(document, rules).then(
        ({ violations }) => done(violations.map(({ id, help, nodes }) =>
            `${id}: ${help}: ${nodes.map(({ html, any }) => html.slice(0, 160) + ' ' + any.map(({ message }) => message).join(' ')).join(' | ')}`)),
        (error) => done([String(error)]),
    );";

/// Everything that can be pressed and is smaller than 24 px in one direction, as it is hit.
const SMALL: &str = "
    const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    return [...document.querySelectorAll('button, a[href], input, textarea, [role=button]')].filter(seen).flatMap((element) => {
        const { width, height } = element.getBoundingClientRect();
        return Math.min(width, height) < 24 ? [`${element.outerHTML.slice(0, 120)}: ${width} x ${height}`] : [];
    });";

impl Page {
    /// Makes the page as large as this, as a phone is: with fingers below a desk's size.
    pub async fn resize(&self, width: u32, height: u32) {
        let phone = width.min(height) < 600;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({"enabled": phone})).await;
    }

    /// Touches the page: each entry is a moment with the fingers that are down then. In the last one none is.
    pub async fn fingers(&self, moments: &[&[(f64, f64)]]) {
        let mut down = 0;
        for fingers in moments {
            let kind = match (down, fingers.len()) {
                (before, now) if now > before => "touchStart",
                (before, now) if now < before => "touchEnd",
                _ => "touchMove",
            };
            down = fingers.len();
            let points: Vec<Value> =
                fingers.iter().enumerate().map(|(id, (x, y))| json!({"x": x, "y": y, "id": id})).collect();
            self.devtools("Input.dispatchTouchEvent", json!({"type": kind, "touchPoints": points})).await;
        }
    }

    /// A tap of one finger.
    pub async fn tap(&self, x: f64, y: f64) {
        self.fingers(&[&[(x, y)], &[]]).await;
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: Key) {
        let element = self.client.active_element().await.expect("something has the focus");
        element.send_keys(&char::from(key).to_string()).await.expect("it takes keys");
    }

    /// What is seen, in each of four sizes, as `target/screenshots/<name>-<width>.png`; and what axe finds there.
    ///
    /// # Panics
    ///
    /// If axe finds something, or something to press is smaller than 24 px.
    pub async fn looks_right(&self, name: &str) {
        for (width, height) in SIZES {
            self.resize(width, height).await;
            self.run("return document.body.offsetHeight;").await;
            self.screenshot(&format!("page-{name}-{width}")).await;
            let small = self.run(SMALL).await;
            assert_eq!(small, json!([]), "{name} at {width}: too small to be hit");
            assert_eq!(self.run(CUT).await, json!([]), "{name} at {width}: words are cut off");
            let wide = self.run("return document.documentElement.scrollWidth > innerWidth;").await;
            assert_eq!(wide, false, "{name} at {width} scrolls sideways");
        }
        // Rules do not know sizes, but contrast depends on what lies behind.
        let axe =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/node_modules/axe-core/axe.min.js"));
        self.run(&axe.expect("axe-core was fetched with the pages' other tools")).await;
        let found = self.client.execute_async(AXE, Vec::new()).await.expect("axe answers");
        assert_eq!(found, json!([]), "{name}");
    }

    /// A command of Chromium's own protocol.
    pub async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(DevTools { command, parameters }).await.expect("chromedriver passes commands on")
    }
}
