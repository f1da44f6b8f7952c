//! Words: where one's own stand, what others can do with theirs, and a room without a place.

use antenne_tests::antenne::Antenne;
use antenne_tests::browser::{Chromium, Page};
use antenne_tests::deadline::{ANSWER, within};
use antenne_tests::room::Guest;
use audience::{AudienceEvent, ServiceLimits};
use domain::room::RoomNews;
use domain::{ViewerId, Voice};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::host::Host;
use crate::{PLAYS, SHOW, slate};

/// Whether a heart that rises is, for a moment, over words of the slate.
const HEART_OVER_WORDS: &str = "(() => {
    const words = [...document.querySelectorAll('[data-testid=slate] p, [data-testid=slate] button')].map((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        return range.getBoundingClientRect();
    });
    const hearts = [...document.querySelectorAll('[data-testid=heart-field] svg')].map((heart) => heart.getBoundingClientRect());
    return hearts.some((heart) => words.some((word) => heart.left < word.right && heart.right > word.left && heart.top < word.bottom && heart.bottom > word.top));
})()";

const HEARTS: &str = "document.querySelectorAll('[data-testid=heart-field] [data-own]').length";

#[tokio::test(flavor = "multi_thread")]
async fn the_waiting_page_keeps_hearts_off_its_words_and_every_comment_in_its_box() {
    let title = "A very long title of an evening that goes on about gardens, and rivers, and what grows between them, at length";
    let host = Host::waits(title, ServiceLimits::default()).await;
    let page = Chromium::start_sized(390, 844).await;
    page.open(&host.page()).await;
    page.until("it waits", &slate("waiting")).await;
    page.resize(390, 844).await;
    let lines = "(() => { const title = document.querySelector('[data-testid=title]'); return Math.round(title.clientHeight / parseFloat(getComputedStyle(title).lineHeight)); })()";
    assert_eq!(page.run(&format!("return {lines};")).await, 2, "a long title has two lines on a phone");
    hearts_beside_words(&page).await;

    let mut ada = Guest::join(&host.room(), Some("Ada")).await;
    ada.say("c1", &"a long comment, ".repeat(28)).await;
    ada.say("c2", "flags: 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🏴").await;
    ada.say("c3", &format!("stack e{}", "\u{0301}".repeat(60))).await;
    ada.say("c4", "bonjour").await;
    comments(&page).await;
    page.looks_right("waiting").await;
    page.close().await;
    host.close().await;
}

async fn hearts_beside_words(page: &Page) {
    for (width, height) in [(320, 640), (390, 844), (844, 390), (1280, 800)] {
        page.resize(width, height).await;
        page.run(&format!(
            "window.overlapped = false;
             (function look() {{ window.overlapped ||= {HEART_OVER_WORDS}; requestAnimationFrame(look); }})();"
        ))
        .await;
        let at = page.run("const { x, y, width, height } = document.querySelector('[data-testid=picture]').getBoundingClientRect(); return [x + width / 2, y + height / 2];").await;
        let [x, y] = serde_json::from_value::<[f64; 2]>(at).expect("two numbers");
        for _ in 0..3 {
            page.tap(x, y).await;
        }
        page.until("hearts rise", &format!("{HEARTS} > 0")).await;
        page.until("they have risen", &format!("{HEARTS} === 0")).await;
        assert_eq!(page.run("return window.overlapped;").await, false, "at {width}: over the words");
    }
    page.resize(390, 844).await;
}

async fn comments(page: &Page) {
    let comment = |text: &str| {
        format!(
            "[...document.querySelectorAll('[data-testid=chat-message]')].find((item) => item.textContent.includes('{text}'))"
        )
    };
    page.until("everything is said", &comment("bonjour")).await;
    // Six lines, and the rest on demand.
    let height = format!(
        "{}.querySelector('.box').clientHeight / parseFloat(getComputedStyle(document.body).lineHeight)",
        comment("a long comment")
    );
    page.until("the long one is folded", &format!("Math.round({height}) === 6")).await;
    page.click("more").await;
    page.until("and unfolded", &format!("Math.round({height}) > 6")).await;
    page.click("more").await;
    page.until("and folded again", &format!("Math.round({height}) === 6")).await;

    // A flag of tags is one picture, as wide as the black flag that it begins with.
    let widths = "(() => {
        const text = [...document.querySelectorAll('.text')].find((text) => text.textContent.startsWith('flags')).firstChild;
        const segments = [...new Intl.Segmenter().segment(text.data)].filter(({ segment }) => segment.codePointAt(0) === 0x1f3f4);
        return segments.map(({ index, segment }) => {
            const range = document.createRange();
            range.setStart(text, index);
            range.setEnd(text, index + segment.length);
            return Math.round(range.getBoundingClientRect().width);
        });
    })()";
    let widths: Vec<f64> = serde_json::from_value(page.run(&format!("return {widths};")).await).expect("numbers");
    assert_eq!(widths.len(), 4, "{widths:?}");
    assert!(widths.iter().all(|width| (width - widths[3]).abs() <= 1.0), "the tags were taken apart: {widths:?}");

    // Whatever stands on a letter stays in its comment's box.
    let clips = format!("getComputedStyle({}.querySelector('.box')).overflow", comment("stack"));
    assert_eq!(page.run(&format!("return {clips};")).await, "hidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_room_has_the_picture_without_the_chat_and_says_so() {
    let data = TempDir::new().expect("a folder");
    let mut antenne = Antenne::live(data.path(), &[SHOW, &["--listen", "127.0.0.1:0"]].concat());
    let on_air = antenne.on_air().await;
    let mut limits = ServiceLimits::default();
    limits.room.connections = 1;
    let mut host = Host::waits("A full house", limits).await;
    host.relay(&on_air).await;
    let first = Guest::join(&host.room(), Some("Grace")).await;

    let page = Chromium::start_sized(390, 844).await;
    page.open(&host.page()).await;
    page.until("the picture moves all the same", PLAYS).await;
    page.until(
        "the page says why there is no chat",
        "document.querySelector('[data-testid=muted]')?.textContent.includes('chat is full')",
    )
    .await;
    assert!(
        !page
            .run("return document.body.textContent;")
            .await
            .as_str()
            .is_some_and(|text| text.contains("address right"))
    );
    assert_eq!(page.text("title").await, "A full house");
    page.looks_right("full").await;
    drop(first);
    antenne.end().await;
    page.close().await;
    host.close().await;
}

/// Passes everything on to `service`, and says in the first request's head that it came from `guest`.
async fn proxy(service: std::net::SocketAddr, guest: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move {
        while let Ok((mut browser, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(service).await?;
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(browser.read_u8().await?);
                }
                let line = head.windows(2).position(|end| end == b"\r\n").unwrap_or_default() + 2;
                server.write_all(&head[..line]).await?;
                server.write_all(format!("X-Forwarded-For: {guest}\r\n").as_bytes()).await?;
                server.write_all(&head[line..]).await?;
                copy_bidirectional(&mut browser, &mut server).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_says_where_it_stands_held_let_in_and_refused() {
    let mut host = Host::waits("A quiet evening", ServiceLimits::default()).await;
    let through = proxy(host.audience.http_address(), "192.0.2.7").await;
    let page = Chromium::start_sized(390, 844).await;
    // Somebody from the same address was silenced.
    page.open(&format!("http://{through}/studio")).await;
    say(&page, "I was here before", Some("Mallory")).await;
    page.find("accepted").await;
    let mallory = page.run("return document.querySelector('[data-testid=chat-text]').dataset.viewer;").await;
    let mallory = mallory.as_str().and_then(ViewerId::parse).expect("who spoke");
    assert!(host.show.set_voice(mallory, Voice::Muted));
    page.find("muted").await;

    // Whoever comes as somebody new waits for the host.
    page.run("localStorage.clear();").await;
    page.reload().await;
    page.until("it waits", &slate("waiting")).await;
    say(&page, "nice \\ud83d evening", Some("Nobody")).await;
    page.until("it is held", "document.querySelector('[data-testid=outgoing]')?.dataset.status === 'held'").await;
    let words = page.text("refusal").await;
    assert!(words.to_lowercase().contains("host"), "{words}");
    page.looks_right("held").await;
    let held = held(&mut host).await;
    host.show.let_in(held);
    page.find("accepted").await;
    page.until("it waits no more", "document.querySelector('[data-testid=outgoing]') === null").await;
    let said = "[...document.querySelectorAll('[data-testid=chat-message]')].filter((item) => item.textContent.includes('evening')).length";
    page.until("said once", &format!("{said} === 1")).await;

    // What is refused says why and can be discarded, and holds up nothing.
    say(&page, "\\u0007", None).await;
    say(&page, "and this one is fine", None).await;
    page.until(
        "the next one is said",
        "document.querySelector('[data-testid=chat-log]').textContent.includes('and this one is fine')",
    )
    .await;
    let refused = "document.querySelector('[data-testid=outgoing]')?.dataset.status === 'refused'";
    page.until("the empty one is refused", refused).await;
    assert!(!page.text("refusal").await.is_empty());
    page.looks_right("refused").await;
    page.click("discard").await;
    page.until("and discarded", "document.querySelector('[data-testid=outgoing]') === null").await;
    page.close().await;
    host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_can_be_changed_and_everybody_reads_so() {
    let host = Host::waits("Names", ServiceLimits::default()).await;
    let mut other = Guest::join(&host.room(), Some("Grace")).await;
    let page = Chromium::start_sized(390, 844).await;
    page.open(&host.page()).await;
    say(&page, "hello", Some("Ada")).await;
    page.find("accepted").await;

    page.click("rename").await;
    page.run("document.querySelector('[data-testid=name-input]').select();").await;
    page.enter("name-input", "Augusta").await;
    let renamed = other.next("renamed").await;
    assert_eq!(renamed["viewer"]["name"], "Augusta");
    page.until(
        "what was said before carries it",
        "document.querySelector('[data-testid=chat-text]').textContent.includes('Augusta')",
    )
    .await;
    assert!(page.text("news").await.contains("Ada is now Augusta"));

    // A name that another one looks like is numbered; the host's is nobody else's.
    page.click("rename").await;
    page.run("document.querySelector('[data-testid=name-input]').select();").await;
    page.enter("name-input", "grace").await;
    let renamed = other.next("renamed").await;
    assert_eq!((&renamed["viewer"]["name"], &renamed["viewer"]["n"]), (&"grace".into(), &2.into()));
    page.click("rename").await;
    page.run("document.querySelector('[data-testid=name-input]').select();").await;
    page.enter("name-input", "Host").await;
    page.until("it is refused in words", "document.querySelector('[data-testid=news]')?.textContent.includes('host')")
        .await;
    page.looks_right("renamed").await;
    page.close().await;
    host.close().await;
}

/// Writes and sends; `text` as it stands in a string of JavaScript, so that it may be what no keyboard writes.
async fn say(page: &Page, text: &str, name: Option<&str>) {
    page.run(&format!(
        "const field = document.querySelector('[data-testid=message-input]');
         field.value = \"{text}\";
         field.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    ))
    .await;
    page.click("send").await;
    if let Some(name) = name {
        page.enter("name-input", name).await;
    }
}

/// Who waits to be let in.
async fn held(host: &mut Host) -> ViewerId {
    within(ANSWER, "somebody waits for the host", async {
        loop {
            let event = host.events.recv().await.expect("the service runs");
            if let AudienceEvent::Room(RoomNews::Held(held)) = event
                && let Some(voice) = held.first()
            {
                return voice.viewer.id.clone();
            }
        }
    })
    .await
}
