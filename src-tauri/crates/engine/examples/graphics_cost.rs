//! Prints what the graphics cost on the program's thread.
//!
//! `cargo run --release -p antenne-engine --example graphics_cost`
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

fn main() -> Result<(), engine::EngineError> {
    engine::init()?;
    let cost = engine::paint_cost(3000);
    let share = cost.median.as_secs_f64() * 30.0 * 100.0;
    let millis = cost.median.as_secs_f64() * 1000.0;
    println!(
        "painting: {millis:.3} ms a frame, {share:.2} % of a core at 30 frames a second, longest {:?}, {} hearts",
        cost.longest, cost.hearts
    );
    Ok(())
}
