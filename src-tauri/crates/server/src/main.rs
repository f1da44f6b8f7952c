//! `antenne-server`: the audience of shows that are made elsewhere. Takes them in by WHIP, brings them to viewers, records
//! them, and keeps their replays; no picture is made here, and there is no window.

mod broadcast;
mod cli;
mod keys;
mod listed;
mod report;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::cli::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("ANTENNE_LOG").unwrap_or_else(|_| EnvFilter::new("warn,antenne_server=info"));
    let writer = || hosting::redact::Redacting(std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).init();
    hosting::descriptors::raise();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("antenne-server: {}", hosting::redact::redact(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn run(Arguments { command, data_dir, json, serving }: Arguments) -> anyhow::Result<()> {
    let data_dir = match data_dir.or_else(|| dirs::data_dir().map(|folder| folder.join("antenne-server"))) {
        Some(data_dir) => data_dir,
        None => anyhow::bail!("this system names no folder for data; say one with --data-dir"),
    };
    match command {
        Some(Command::Token(act)) => listed::token(&data_dir, &act, json),
        Some(Command::Shows) => listed::shows(&data_dir, json),
        Some(Command::Replays) => listed::replays(&data_dir, json),
        None => tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve::serve(
            &data_dir,
            serving,
            report::Report::new(json),
        )),
    }
}
