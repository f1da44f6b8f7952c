//! How large the operator's picture is made.

use domain::Canvas;
use engine::MonitorConfig;

/// Frames a second: enough to judge a program by, and half of what they cost.
const FPS: u32 = 15;
/// How wide it is made at the most for so many pixels of the screen: pixels are paid for in this process
/// and in the window's, and a picture that is a quarter smaller than its place looks the same.
const STEPS: [(u32, u32); 3] = [(850, 640), (1_300, 960), (u32::MAX, 1_280)];

/// What is made for a place of `pixels` in the window; never larger than the program.
pub(crate) fn config(canvas: &Canvas, pixels: u32) -> MonitorConfig {
    let most = STEPS.into_iter().find(|(place, _)| pixels <= *place).map_or(640, |(_, most)| most);
    let width = most.min(canvas.width);
    let height = u64::from(width) * u64::from(canvas.height) / u64::from(canvas.width.max(1));
    let even = |side: u64| u32::try_from(side.max(2) & !1).unwrap_or(most);
    MonitorConfig { width: even(width.into()), height: even(height), fps: FPS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_place_in_steps_and_never_passes_the_program() {
        let size = |width, height, pixels| {
            let config = config(&Canvas { width, height, fps: 30 }, pixels);
            (config.width, config.height)
        };
        assert_eq!(size(1280, 720, 0), (640, 360));
        assert_eq!(size(1280, 720, 700), (640, 360));
        assert_eq!(size(1280, 720, 1_200), (960, 540));
        assert_eq!(size(1280, 720, u32::MAX), (1280, 720));
        assert_eq!(size(1920, 1080, 2_400), (1280, 720));
        assert_eq!(size(320, 180, 2_400), (320, 180));
        assert_eq!(size(720, 1280, 300), (640, 1136), "an upright program keeps its shape");
        assert_eq!(size(1000, 562, 300), (640, 358));
    }
}
