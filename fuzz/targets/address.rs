//! A destination's address may hold a stream key: whatever is wrong with it, nothing that prints
//! shows more than the far end's name.
#![no_main]

use domain::{DestinationAddress, Secret};

/// Stands where a key, a password or a token could stand.
const SECRET: &str = "s3cr3t-k3y";

libfuzzer_sys::fuzz_target!(|parts: (&str, &str)| {
    let (before, after) = parts;
    let text = format!("{before}{SECRET}{after}");
    for text in [text.clone(), format!("rtmp://{text}"), format!("rtmps://{text}"), format!("srt://{text}")] {
        check(&text);
    }
});

fn check(text: &str) {
    let address = match DestinationAddress::parse(text) {
        Ok(address) => address,
        Err(error) => {
            let printed = format!("{error} {error:?}");
            assert!(!printed.contains(SECRET) && printed.contains("rtmp"), "{text:?}: {printed}");
            return;
        }
    };
    let host = host(text).expect("an address has a host");
    // Else half a password that has a slash in it would be shown as a port.
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    assert!(port.ends_with(']') || port.bytes().all(|byte| byte.is_ascii_digit()), "{host:?} has no such port");
    let shown = format!("{address:?} {}", address.host());
    assert_eq!(address.host(), host, "of {text:?}");
    assert!(host.contains(SECRET) || !shown.contains(SECRET), "{text:?}: {shown}");
    assert!(shown.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{shown:?}");
    let secret = address.with_key(Some(&Secret::new("given")));
    assert_eq!(format!("{secret:?}"), "***");
    assert_eq!(secret.expose(), text.replace("{key}", "given"), "the far end gets what was written");
    assert_eq!(address.template(), text);
    if let Some(remembered) = address.remembered() {
        assert!(remembered.contains("{key}") && !remembered.contains('@'), "{remembered}");
        assert_eq!(DestinationAddress::parse(remembered).as_ref(), Ok(&address), "what is remembered is read again");
    }
}

/// Host and port as RFC 3986 §3.2 has them: up to the first `/`, `?` or `#`, behind the last `@`.
fn host(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit('@').next()
}
