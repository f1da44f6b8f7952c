use std::sync::mpsc;

use super::*;

const WITHIN: Duration = Duration::from_secs(5);

/// An output that takes a line for each permit, and fails while it is to.
struct Gate {
    permits: mpsc::Receiver<io::Result<()>>,
    taken: mpsc::Sender<String>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Closed: open for everybody.
        self.permits.recv().unwrap_or(Ok(()))?;
        let _gone = self.taken.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gated() -> (Voice, mpsc::Sender<io::Result<()>>, mpsc::Receiver<String>) {
    let (permit, permits) = mpsc::channel();
    let (taken, lines) = mpsc::channel();
    let manners = Manners { name: "voice", left_out: |lines| format!("{lines} left out"), failed: |_| {} };
    (Voice::start_on(Gate { permits, taken }, manners).unwrap(), permit, lines)
}

fn next(lines: &mpsc::Receiver<String>) -> String {
    lines.recv_timeout(WITHIN).expect("a line in time")
}

#[test]
fn an_output_that_takes_nothing_costs_nobody_time_and_what_was_left_out_is_said_later() {
    let (voice, permit, lines) = gated();
    let began = Instant::now();
    for number in 0..10_000 {
        voice.say(format!("{number}"), Weight::Once);
    }
    voice.finish();
    assert!(began.elapsed() < PATIENCE + WITHIN, "{:?}", began.elapsed());
    drop(permit);
    let (mut numbers, mut left_out) = (Vec::new(), 0);
    while numbers.len() + left_out < 10_000 {
        let line = next(&lines);
        match line.strip_suffix(" left out\n") {
            Some(count) => left_out += count.parse::<usize>().unwrap(),
            None => numbers.push(line.trim_end().parse::<usize>().unwrap()),
        }
    }
    assert!((LINES..=LINES + 1).contains(&numbers.len()), "{}", numbers.len());
    assert!(numbers.is_sorted() && numbers[0] == 0, "{numbers:?}");
    voice.say("and on".to_owned(), Weight::Once);
    assert_eq!(next(&lines), "and on\n");
}

#[test]
fn what_repeats_itself_never_takes_the_place_of_what_is_said_once() {
    let (voice, permit, lines) = gated();
    for _ in 0..10_000 {
        voice.say("the same".to_owned(), Weight::Repeated);
    }
    voice.say("the end".to_owned(), Weight::Once);
    drop(permit);
    voice.finish();
    let said: Vec<String> = lines.try_iter().collect();
    assert_eq!(said.last().map(String::as_str), Some("the end\n"));
    assert!(said.len() <= REPEATED + 8, "{}", said.len());
    assert!(said[said.len() - 2].ends_with("left out\n"), "{said:?}");
}

#[test]
fn a_disk_that_is_full_for_a_moment_loses_what_came_meanwhile_and_says_how_much() {
    let (voice, permit, lines) = gated();
    permit.send(Ok(())).unwrap();
    permit.send(Err(ErrorKind::StorageFull.into())).unwrap();
    drop(permit);
    for number in 0..3 {
        voice.say(format!("{number}"), Weight::Once);
        voice.finish();
    }
    assert_eq!(lines.try_iter().collect::<Vec<_>>(), ["0\n", "1 left out\n", "2\n"]);
}

#[test]
fn a_reader_that_went_away_is_not_waited_for() {
    let (voice, permit, lines) = gated();
    permit.send(Err(ErrorKind::BrokenPipe.into())).unwrap();
    voice.say("nobody hears this".to_owned(), Weight::Once);
    voice.finish();
    let began = Instant::now();
    voice.say("nor this".to_owned(), Weight::Once);
    voice.finish();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(lines.try_iter().next().is_none());
}

#[test]
fn a_line_that_was_written_in_part_is_ended_before_the_next_one() {
    struct Torn(usize, mpsc::Sender<Vec<u8>>);
    impl Write for Torn {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            let taken = match self.0 {
                1 => 3,
                2 => return Err(ErrorKind::StorageFull.into()),
                _ => bytes.len(),
            };
            let _gone = self.1.send(bytes[..taken].to_vec());
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (taken, parts) = mpsc::channel();
    let manners = Manners { name: "voice", left_out: |lines| format!("{lines} left out"), failed: |_| {} };
    let voice = Voice::start_on(Torn(0, taken), manners).unwrap();
    voice.say("one line".to_owned(), Weight::Once);
    voice.finish();
    voice.say("another".to_owned(), Weight::Once);
    voice.finish();
    let all: Vec<u8> = parts.try_iter().flatten().collect();
    assert_eq!(String::from_utf8(all).unwrap(), "one\n1 left out\nanother\n");
}
