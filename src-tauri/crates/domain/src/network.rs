//! The names and the proxies through which viewers reach the service.

use core::net::IpAddr;

use crate::{Refusal, Setup};

/// The most names, and the most proxies.
pub const MOST: usize = 32;

/// Reads the name of a computer, such as `live.example.org`.
///
/// # Errors
///
/// Says what is expected where `text` is an address, has a scheme or a port, or is no name.
pub fn host_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let labels = text.strip_suffix('.').unwrap_or(text).split('.');
    let sound = labels.clone().all(|label| (1..=63).contains(&label.len()) && label.bytes().all(plain));
    let is_address = text.parse::<IpAddr>().is_ok();
    if !sound || is_address || text.len() > 253 {
        return Err(
            "say a name such as live.example.org, without http:// and port; addresses are answered anyway".to_owned()
        );
    }
    Ok(text.to_owned())
}

fn proxy(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "say the proxy's address, such as 192.0.2.7, without a name or a port".to_owned())
}

/// Every one of `texts` as `read` reads it, each once, in their order.
fn each<T: PartialEq>(texts: &[String], read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()) {
        let one = read(text).map_err(|why| format!("“{}”: {why}", text.chars().take(80).collect::<String>()))?;
        if !all.contains(&one) {
            all.push(one);
        }
    }
    if all.len() > MOST {
        return Err(format!("there can be {MOST} at most"));
    }
    Ok(all)
}

impl Setup {
    /// Takes names, proxies and limit, all or none of them. Says whether anything changed.
    ///
    /// # Errors
    ///
    /// Names the value that is wrong.
    pub fn set_network(
        &mut self,
        host_names: &[String],
        trusted_proxies: &[String],
        upload_kbps: Option<u32>,
    ) -> Result<bool, Refusal> {
        let host_names = each(host_names, host_name).map_err(|why| Refusal::new("network.host", why))?;
        let trusted_proxies = each(trusted_proxies, proxy).map_err(|why| Refusal::new("network.proxy", why))?;
        if upload_kbps.is_some_and(|kbps| !Self::UPLOAD_KBPS.contains(&kbps)) {
            let why = "a connection carries 0.1 to 100,000 Mb/s; leave it empty for no limit";
            return Err(Refusal::new("network.upload", why));
        }
        let before = (&self.host_names, &self.trusted_proxies, self.upload_kbps);
        let changed = before != (&host_names, &trusted_proxies, upload_kbps);
        (self.host_names, self.trusted_proxies, self.upload_kbps) = (host_names, trusted_proxies, upload_kbps);
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_host_is_a_name_and_nothing_else() {
        for name in ["live.example.org", "desk", "xn--bcher-kva.example", "a_b.example.", "DESK.local"] {
            assert_eq!(host_name(name).as_deref(), Ok(name));
        }
        for name in ["", ".", "http://live.example.org", "live.example.org:8420", "a b", "10.0.0.1", "::1", "a..b", "é"]
        {
            assert!(host_name(name).unwrap_err().contains("live.example.org"), "{name}");
        }
    }

    #[test]
    fn names_proxies_and_limit_are_taken_together_or_not_at_all() {
        let mut setup = Setup::default();
        let names = owned(&[" live.example.org", "", "live.example.org", "desk "]);
        assert_eq!(setup.set_network(&names, &owned(&["192.0.2.7", "2001:db8::1"]), Some(8_000)), Ok(true));
        assert_eq!(setup.host_names, ["live.example.org", "desk"]);
        assert_eq!(setup.trusted_proxies, ["192.0.2.7".parse::<IpAddr>().unwrap(), "2001:db8::1".parse().unwrap()]);
        assert_eq!(setup.set_network(&names, &owned(&["192.0.2.7", "2001:db8::1"]), Some(8_000)), Ok(false));

        let before = setup.clone();
        let many = (0..=MOST).map(|n| format!("host-{n}")).collect::<Vec<_>>();
        for (names, proxies, upload, code) in [
            (owned(&["http://live.example.org"]), vec![], None, "network.host"),
            (owned(&["x\u{0}y"]), vec![], None, "network.host"),
            (vec!["a".repeat(100_000)], vec![], None, "network.host"),
            (many, vec![], None, "network.host"),
            (vec![], owned(&["proxy.example.org"]), None, "network.proxy"),
            (vec![], owned(&["10.0.0.1:80"]), None, "network.proxy"),
            (vec![], owned(&["10.0.0.0/8"]), None, "network.proxy"),
            (vec![], vec![], Some(0), "network.upload"),
            (vec![], vec![], Some(u32::MAX), "network.upload"),
        ] {
            let refusal = setup.set_network(&names, &proxies, upload).unwrap_err();
            assert_eq!(refusal.code, code);
            assert!(refusal.message.len() < 300, "{}", refusal.message);
            assert_eq!(setup, before);
        }
    }
}
