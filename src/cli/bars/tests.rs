//! The lines on a terminal that only remembers.

use indicatif::TermLike;

use super::*;

/// What stands on the screen: each line is drawn over the last.
#[derive(Debug, Clone, Default)]
struct Screen(Arc<Mutex<Vec<String>>>);

impl Screen {
    fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        100
    }

    fn move_cursor_up(&self, _lines: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _lines: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _columns: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _columns: usize) -> std::io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> std::io::Result<()> {
        self.write_str(line)
    }

    fn write_str(&self, text: &str) -> std::io::Result<()> {
        self.0.lock().unwrap().push(text.to_owned());
        Ok(())
    }

    fn clear_line(&self) -> std::io::Result<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }

    fn flush(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Bars that draw on a screen, whenever they are told to.
fn bars() -> (Bars, Screen) {
    let screen = Screen::default();
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), 255);
    (Bars::new(target), screen)
}

impl Bars {
    /// As the line's thread would draw it after so long.
    fn draw(&self, what: &str, after: Duration) {
        let line = self.line(what).unwrap();
        line.draw(&self.lines, line.since + after);
    }
}

const WHAT: &str = "pax8: subscriptions";

fn drawn(of: impl FnOnce(&Bars)) -> String {
    let (bars, screen) = bars();
    bars.begin(WHAT);
    of(&bars);
    bars.draw(WHAT, SHOWN_AFTER);
    let lines = screen.lines().concat();
    bars.end(WHAT);
    lines
}

#[test]
fn a_line_says_what_is_done_and_how_far_it_has_come() {
    let cases: [(&str, u64, Way); 6] = [
        ("pax8: subscriptions", 0, Way::Open),
        ("pax8: subscriptions 7", 7, Way::Open),
        ("] pax8: subscriptions 50/4000", 50, Way::Records(4_000)),
        ("] pax8: subscriptions 120/4000", 9_000, Way::parts(120, 4_000)),
        (
            "[===========>        ] pax8: subscriptions 1/2, 100/800 of the next",
            9_100,
            Way::Parts { done: 1, of: 2, within: Some((100, 800)) },
        ),
        ("] pax8: subscriptions 1.00 MiB/2.25 GiB", 3, Way::Bytes { done: 1 << 20, of: 9 << 28 }),
    ];
    for (expected, records, way) in cases {
        let line = drawn(|bars| bars.progress(WHAT, records, way));
        assert!(line.ends_with(expected), "{expected}: {line}");
        assert_eq!(line.contains('['), way != Way::Open, "{line}");
    }
}

#[test]
fn a_line_says_why_nothing_moves_and_takes_nothing_from_outside_for_control() {
    let retry = Waiting::Retry { retry: 2, of: 5, why: "no \u{1b}[2Jconnection".to_owned() };
    for (told, why) in [
        ("retry 2 of 5 in ", &retry),
        ("waiting 8 s: the system asked to slow down (429)", &Waiting::SlowDown),
        ("waiting 8 s: to keep the agreed pace", &Waiting::Pace),
    ] {
        let line = drawn(|bars| bars.waiting(WHAT, Duration::from_millis(8_100), why));
        assert!(line.contains(told) && !line.contains("\u{1b}[2J"), "{told}: {line}");
    }
    let short = drawn(|bars| bars.waiting(WHAT, Duration::from_millis(70), &Waiting::Pace));
    assert!(short.ends_with(WHAT), "{short}");
    let (bars, screen) = bars();
    bars.begin(WHAT);
    bars.waiting(WHAT, Duration::from_secs(8), &Waiting::SlowDown);
    bars.draw(WHAT, Duration::from_mins(1));
    assert!(screen.lines().concat().ends_with(WHAT), "the pause is over: {:?}", screen.lines());
}

#[test]
fn a_line_goes_with_its_work_and_the_others_stay() {
    let (bars, screen) = bars();
    for what in ["reconciling", WHAT] {
        bars.begin(what);
        bars.draw(what, SHOWN_AFTER);
    }
    assert_eq!(screen.lines().len(), 2, "{:?}", screen.lines());
    let line = bars.line(WHAT).unwrap();
    bars.end(WHAT);
    // Its thread may be about to draw it.
    line.draw(&bars.lines, line.since + SHOWN_AFTER);
    assert!(screen.lines().concat().ends_with("reconciling"), "{:?}", screen.lines());
    bars.clear();
    bars.begin("more");
    assert!(screen.lines().is_empty() && bars.works().is_empty(), "{:?}", screen.lines());
}

#[test]
fn nothing_is_begun_where_nobody_looks() {
    let bars = Bars::new(ProgressDrawTarget::hidden());
    bars.begin(WHAT);
    bars.progress(WHAT, 5, Way::Open);
    bars.waiting(WHAT, Duration::from_secs(9), &Waiting::Pace);
    assert!(bars.works().is_empty());
    bars.end(WHAT);
}

#[test]
fn the_rest_is_told_once_it_can_be_known() {
    let seconds = Duration::from_secs;
    for (elapsed, part, expected) in [
        (seconds(10), (50, 100), Some(10)),
        (seconds(10), (5, 100), Some(190)),
        (seconds(10), (4, 100), None),
        (seconds(2), (50, 100), None),
        (seconds(10), (100, 100), None),
        (seconds(10), (120, 100), None),
        (seconds(10), (0, 0), None),
    ] {
        assert_eq!(rest(elapsed, part), expected.map(seconds), "{elapsed:?} {part:?}");
    }
    let told = [1, 99, 100, 200, 7_000].map(|s| in_words(seconds(s)));
    assert_eq!(told, ["1 s", "99 s", "2 min", "4 min", "2 h"]);
    assert_eq!(in_words(Duration::from_millis(1)), "1 s");
}
