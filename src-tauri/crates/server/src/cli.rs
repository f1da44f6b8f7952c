//! The command line, as `docs/contract.md` says.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use domain::ShowSlug;

/// The audience of shows that are made elsewhere: viewers, chat, hearts and replays
#[derive(Debug, Parser)]
#[command(name = "antenne-server", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The data folder
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// One JSON object a line on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) serving: Serving,
}

/// How it serves.
#[derive(Debug, Args)]
pub(crate) struct Serving {
    /// Where viewers and publishers connect (port 0: any free one); with a proxy in front for TLS
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8420")]
    pub(crate) listen: SocketAddr,
    /// UDP port of the media [default: the HTTP port's number]
    #[arg(long, value_name = "N")]
    pub(crate) media_port: Option<u16>,
    /// Address by which viewers and publishers reach this machine, such as 192.0.2.7 (repeatable); media then
    /// listens on all addresses, also where --listen is a proxy's loopback
    #[arg(long = "public-address", value_name = "ADDR")]
    pub(crate) public_addresses: Vec<IpAddr>,
    /// Name that it answers to, besides its addresses (repeatable)
    #[arg(long = "host", value_name = "NAME", value_parser = domain::network::host_name)]
    pub(crate) host_names: Vec<String>,
    /// Proxy that is believed about who asks: X-Forwarded-For and Forwarded (repeatable)
    #[arg(long = "trusted-proxy", value_name = "ADDR")]
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// What the connection carries to viewers, such as 500M or 1G; whoever would pass it is refused [default: no limit]
    #[arg(long, value_name = "BITS", value_parser = uplink)]
    pub(crate) uplink: Option<u32>,
    /// How long a publisher that vanished may stay away before its episode ends, such as 30s or 2m
    #[arg(long, value_name = "TIME", value_parser = span, default_value = "2m")]
    pub(crate) grace: Duration,
    /// How long replays are kept, in hours
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8760), default_value_t = 24)]
    pub(crate) retention: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The keys with which shows are published
    #[command(subcommand)]
    Token(TokenAct),
    /// The shows that had an episode
    Shows,
    /// The replays that there are
    Replays,
}

/// What to do with keys. Also while the server runs.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenAct {
    /// Makes a key, and prints it: it is kept nowhere
    Add {
        /// The show it is for
        #[arg(long, value_parser = show, default_value = "studio")]
        show: ShowSlug,
    },
    /// The keys that there are
    List,
    /// Takes a key back: whoever has it cannot publish any more
    Revoke {
        /// As `list` names it
        id: String,
    },
}

fn show(text: &str) -> Result<ShowSlug, String> {
    ShowSlug::parse(text).map_err(|error| error.to_string())
}

/// Reads `500M`, `1G` or `800K`, in bits a second, as kb/s.
fn uplink(text: &str) -> Result<u32, String> {
    let right = || "a connection is a number with K, M or G, such as 500M".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(right)?;
    let kilobits = match unit.to_ascii_uppercase().as_str() {
        "K" => 1,
        "M" => 1_000,
        "G" => 1_000_000,
        _ => return Err(right()),
    };
    let kbps = number.parse::<u32>().ok().and_then(|number| number.checked_mul(kilobits)).ok_or_else(right)?;
    if domain::Setup::UPLOAD_KBPS.contains(&kbps) {
        Ok(kbps)
    } else {
        Err("a connection carries 100K to 100000M".to_owned())
    }
}

/// Reads `30s`, `5m`, `1h` or `1h30m`, as jiff's friendly format writes them.
fn span(text: &str) -> Result<Duration, String> {
    let span = text.parse::<jiff::SignedDuration>().ok().filter(jiff::SignedDuration::is_positive);
    let right = "a time is a number with ms, s, m or h, such as 30s";
    span.map(|span| span.unsigned_abs()).ok_or_else(|| right.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(["antenne-server"].iter().chain(words))
    }

    #[test]
    fn what_is_wrong_is_refused_with_what_is_right() {
        for (words, hint) in [
            (&["--uplink", "500"][..], "500M"),
            (&["--uplink", "é"], "500M"),
            (&["--uplink", "9999999G"], "500M"),
            (&["--uplink", "1K"], "100K"),
            (&["--grace", "soon"], "30s"),
            (&["--retention", "0"], "1..=8760"),
            (&["--host", "http://live.example.org"], "live.example.org"),
            (&["token", "add", "--show", "No Such"], "a-z"),
            (&["token"], "token"),
            (&["--domain", "live.example.org"], "--domain"),
        ] {
            let error = parse(words).unwrap_err().to_string();
            assert!(error.contains(hint), "{words:?}: {error}");
        }
        let right = parse(&["--uplink", "1G", "--grace", "90s", "--json", "--host", "live.example.org"]).unwrap();
        assert_eq!((right.serving.uplink, right.serving.grace), (Some(1_000_000), Duration::from_secs(90)));
    }
}
