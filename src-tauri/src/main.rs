//! The shell: a window and a command line around the same studio.

mod bus;
mod cli;
mod guard;
mod lists;
mod live;
mod live_event;
mod logging;
mod realtime;
mod report;
mod taken;
mod voice;
mod window;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let opens_devices = matches!(arguments.command, None | Some(Command::Live(_)));
    // Before the log has a thread.
    let failed = if opens_devices { realtime::ask() } else { None };
    let outcome = logging::start().and_then(|()| {
        if opens_devices {
            realtime::log(failed.as_ref());
        }
        studio::descriptors::raise();
        run(arguments)
    });
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<cli::WrongArgument>() {
            Some(wrong) => {
                wrong.print();
                ExitCode::from(2)
            }
            None => {
                logging::say(&format!("antenne: {error:#}"));
                ExitCode::FAILURE
            }
        },
    };
    logging::finish();
    code
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        None => window::open(arguments.data_dir),
        Some(Command::Devices { json }) => lists::devices(json),
        Some(Command::Shows { json, data_dir }) => lists::shows(data_dir.or(arguments.data_dir), json),
        Some(Command::Replays { json, data_dir }) => lists::replays(data_dir.or(arguments.data_dir), json),
        Some(Command::Live(mut options)) => {
            options.data_dir = options.data_dir.or(arguments.data_dir);
            live::run(*options)
        }
    }
}
