//! The command line: what may be said, and what is right where something wrong was said.

use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use domain::{Canvas, DestinationAddress, DeviceChoice, Layout, Secret, Setup, ShowSlug};
use jiff::SignedDuration;

use crate::live_event::LiveEvent;

/// A desktop broadcasting studio. Without a command: the studio's window.
#[derive(Debug, Parser)]
#[command(name = "antenne", version, about, disable_help_subcommand = false)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The data folder [default: antenne in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists cameras, microphones, screens and encoders with stable ids
    Devices {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// On air until --for is over, Ctrl-C or SIGTERM (both a clean end)
    #[command(after_help = LiveEvent::help())]
    Live(Box<LiveOptions>),
    /// Lists shows; reads only, also while another instance is on air
    Shows {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// The data folder
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Lists replays; reads only, also while another instance is on air
    Replays {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// The data folder
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

#[derive(Args)]
pub(crate) struct LiveOptions {
    /// Title of the episode [default: date and time]
    #[arg(long, value_name = "T", value_parser = title)]
    pub(crate) title: Option<String>,
    /// Short name of the show: 1 to 40 of a-z, 0-9 and -
    #[arg(long, value_name = "SLUG", default_value = "studio", value_parser = ShowSlug::parse)]
    pub(crate) show: ShowSlug,
    /// Camera: ID, test or none [default: the first real one]
    #[arg(long, value_name = "ID|test|none", value_parser = choice)]
    pub(crate) camera: Option<DeviceChoice>,
    /// Microphone: ID, test or none [default: the first real one]
    #[arg(long, value_name = "ID|test|none", value_parser = choice)]
    pub(crate) mic: Option<DeviceChoice>,
    /// Screen: ID, test or none
    #[arg(long, value_name = "ID|test|none", default_value = "none", value_parser = choice)]
    pub(crate) screen: DeviceChoice,
    /// solo, side-by-side or corner [default: solo with one picture, corner with two]
    #[arg(long, value_name = "LAYOUT", value_parser = layout)]
    pub(crate) layout: Option<Layout>,
    /// Size of the picture
    #[arg(long, value_name = "WxH", default_value = "1280x720")]
    pub(crate) size: String,
    /// Pictures a second
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(crate) fps: u32,
    /// Bit rate of the picture in kb/s
    #[arg(long, value_name = "N", default_value_t = 2500, value_parser = clap::value_parser!(u32).range(100..=50_000))]
    pub(crate) video_kbps: u32,
    /// Push to rtmp://… or rtmps://… besides; {key} in it is replaced by the key (repeatable)
    // Read later: the parser's own message would repeat the value, which may hold a key.
    #[arg(long = "to", value_name = "URL")]
    pub(crate) to: Vec<String>,
    /// File with the key of a --to, one for each, in order (else the variable ANTENNE_KEY)
    #[arg(long = "key-file", value_name = "FILE")]
    pub(crate) key_files: Vec<PathBuf>,
    /// Where viewers connect (port 0: any free one) [default: 127.0.0.1:8420]
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// UDP port of the media [default: the HTTP port's number]
    #[arg(long, value_name = "N")]
    pub(crate) media_port: Option<u16>,
    /// Name that the service answers to, besides its addresses and this computer's own name (repeatable)
    #[arg(long = "host", value_name = "NAME", value_parser = domain::network::host_name)]
    pub(crate) host_names: Vec<String>,
    /// Proxy that is believed about who asks: X-Forwarded-For and Forwarded (repeatable)
    #[arg(long = "trusted-proxy", value_name = "ADDR")]
    pub(crate) trusted_proxies: Vec<IpAddr>,
    /// What the connection carries to viewers, in kb/s; whoever would pass it is refused [default: no limit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=100_000_000))]
    pub(crate) upload_kbps: Option<u32>,
    /// The data folder
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// End after so much program time, such as 30s, 5m or 1h
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    pub(crate) duration: Option<Duration>,
    /// After the end, serve the pages and the replay for so much longer, such as 10m
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub(crate) stay: Option<Duration>,
    /// Draw nothing over the picture
    #[arg(long)]
    pub(crate) no_overlay: bool,
    /// One JSON object a line on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// A value that is wrong in a way that only shows together with others, or with the machine.
#[derive(Debug)]
pub(crate) struct WrongArgument(pub(crate) String);

impl fmt::Display for WrongArgument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongArgument {}

impl WrongArgument {
    /// Prints it as the parser prints its own.
    pub(crate) fn print(&self) {
        let error = Arguments::command().error(clap::error::ErrorKind::ValueValidation, &self.0);
        crate::logging::say(error.render().to_string().trim_end());
    }
}

impl LiveOptions {
    /// The canvas.
    pub(crate) fn canvas(&self) -> Result<Canvas, WrongArgument> {
        Canvas::parse_size(&self.size, self.fps)
            .map_err(|error| WrongArgument(format!("--size {}: {error}", self.size)))
    }

    /// Each destination with its key.
    pub(crate) fn destinations(&self) -> Result<Vec<(DestinationAddress, Option<Secret>)>, WrongArgument> {
        if self.key_files.len() > self.to.len() {
            return Err(WrongArgument("there are more --key-file than --to: give one for each, in order".to_owned()));
        }
        let from_variable = key_of_variable(std::env::var_os("ANTENNE_KEY"))?;
        let mut destinations = Vec::new();
        for (at, text) in self.to.iter().enumerate() {
            let address = DestinationAddress::parse(text).map_err(|error| WrongArgument(format!("--to: {error}")))?;
            let key = match self.key_files.get(at) {
                Some(file) => Some(read_key(file)?),
                None => from_variable.clone(),
            };
            match (address.wants_key(), key) {
                (true, None) => {
                    let text = format!(
                        "the destination at {} wants a key: give --key-file FILE or set ANTENNE_KEY",
                        address.host()
                    );
                    return Err(WrongArgument(text));
                }
                (true, key) => destinations.push((address, key.map(Secret::new))),
                (false, _) => {
                    crate::logging::say(&format!(
                        "antenne: the key of the destination at {} stands on the command line, where other programs can see it; \
                         write {{key}} and use --key-file or ANTENNE_KEY",
                        address.host()
                    ));
                    destinations.push((address, None));
                }
            }
        }
        Ok(destinations)
    }
}

fn read_key(file: &std::path::Path) -> Result<String, WrongArgument> {
    let wrong = |problem: &dyn fmt::Display| {
        WrongArgument(format!("the key file {} cannot be used: {problem}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(&error))?;
    key(&text).map_err(|problem| wrong(&problem))
}

/// The key in the variable; none where there is none.
fn key_of_variable(value: Option<OsString>) -> Result<Option<String>, WrongArgument> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let wrong = |problem| WrongArgument(format!("the variable ANTENNE_KEY cannot be used: {problem}"));
    let text = value.into_string().map_err(|_| wrong("it is no text"))?;
    key(&text).map(Some).map_err(wrong)
}

/// A key as people copy it: with a line's end, or a space.
fn key(text: &str) -> Result<String, &'static str> {
    let key = text.trim();
    if key.is_empty() {
        return Err("it is empty");
    }
    if key.len() > 1024 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("it must hold one key in plain characters, on one line");
    }
    Ok(key.to_owned())
}

fn title(text: &str) -> Result<String, String> {
    let title = domain::text::clean(text);
    if title.chars().count() > Setup::TITLE_CHARACTERS {
        return Err(format!("a title has at most {} characters", Setup::TITLE_CHARACTERS));
    }
    Ok(title)
}

fn choice(text: &str) -> Result<DeviceChoice, String> {
    if text.is_empty() || text.len() > 512 || text.chars().any(char::is_control) {
        return Err("say an id that `antenne devices` prints, or test, or none".to_owned());
    }
    Ok(DeviceChoice::parse(text))
}

fn layout(text: &str) -> Result<Layout, String> {
    Layout::parse(text).ok_or_else(|| "a layout is solo, side-by-side or corner".to_owned())
}

/// Reads `30s`, `5m`, `1h` or `1h30m`, as jiff's friendly format writes them.
fn span(text: &str) -> Result<Duration, String> {
    let span = text.parse::<SignedDuration>().ok().filter(SignedDuration::is_positive);
    let right = "a time is a number with ms, s, m or h, such as 30s";
    span.map(|span| span.unsigned_abs()).ok_or_else(|| right.to_owned())
}

impl fmt::Debug for LiveOptions {
    /// Without addresses: they may hold keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveOptions")
            .field("show", &self.show)
            .field("destinations", &self.to.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(["antenne"].iter().chain(words))
    }

    #[test]
    fn a_key_is_trimmed_wherever_it_comes_from() {
        let variable = |value: &str| key_of_variable(Some(OsString::from(value))).ok().flatten();
        for (value, key) in [("k3y\r\n", "k3y"), (" k3y\t", "k3y"), ("k3y", "k3y")] {
            assert_eq!(variable(value).as_deref(), Some(key), "{value:?}");
        }
        assert!(matches!(key_of_variable(None), Ok(None)));
        assert!(matches!(key_of_variable(Some(OsString::new())), Ok(None)));
        for value in [" \n", "two\nkeys", "a b", "clé"] {
            let error = key_of_variable(Some(OsString::from(value))).unwrap_err().to_string();
            assert!(error.contains("ANTENNE_KEY") && !error.contains(value), "{error}");
        }
    }

    #[test]
    fn the_documented_line_is_understood() {
        let line = "live --title T --show late --camera test --mic none --screen test --layout corner --size 640x360 --fps 25 \
                    --video-kbps 900 --to rtmp://h/a/{key} --listen 127.0.0.1:0 --media-port 0 --for 30s --no-overlay --json";
        let words: Vec<_> = line.split_whitespace().collect();
        let Some(Command::Live(options)) = parse(&words).unwrap().command else { panic!("live") };
        assert_eq!(options.duration, Some(Duration::from_secs(30)));
        assert_eq!(options.canvas().unwrap(), Canvas::new(640, 360, 25).unwrap());
    }

    #[test]
    fn a_time_is_said_as_people_say_it() {
        for (text, milliseconds) in
            [("30s", 30_000), ("5m", 300_000), ("1h", 3_600_000), ("1500ms", 1_500), ("1h30m", 5_400_000)]
        {
            assert_eq!(span(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_what_is_right() {
        let cases: [(&[&str], &str); 13] = [
            (&["live", "--show", "A b"], "a-z"),
            (&["live", "--show", "replays"], "address of the service"),
            (&["live", "--layout", "diagonal"], "side-by-side"),
            (&["live", "--fps", "0"], "1..=60"),
            (&["live", "--fps", "many"], "invalid"),
            (&["live", "--for", "soon"], "such as 30s"),
            (&["live", "--for", "0s"], "such as 30s"),
            (&["live", "--for", "30"], "such as 30s"),
            (&["live", "--for=-30s"], "such as 30s"),
            (&["live", "--stay", "5m ago"], "such as 30s"),
            (&["live", "--for", "99999999999999999999h"], "such as 30s"),
            (&["live", "--listen", "here"], "invalid"),
            (&["air"], "unrecognized"),
        ];
        for (words, right) in cases {
            let error = parse(words).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{words:?}");
            assert!(error.to_string().contains(right), "{words:?}: {error}");
        }
    }

    #[test]
    fn a_wrong_destination_never_repeats_its_key() {
        for (address, right) in
            [("rtmp:/h/s3cret", "rtmp://"), ("srt://h:1/s3cret", "SRT"), ("ftp://h/s3cret", "rtmp://")]
        {
            let Some(Command::Live(options)) = parse(&["live", "--to", address]).unwrap().command else {
                panic!("live")
            };
            let error = options.destinations().unwrap_err().to_string();
            assert!(error.contains(right) && !error.contains("s3cret"), "{error}");
        }
    }
}
