//! The little that must be read out of an H.264 byte-stream (ISO/IEC 14496-10 Annex B).

use bytes::Bytes;

/// A NAL unit's type (ISO/IEC 14496-10 table 7-1): the low five bits of its header.
const TYPE: u8 = 0x1f;
/// Coded slice of an IDR picture.
const IDR: u8 = 5;
/// Sequence parameter set.
const SPS: u8 = 7;
/// Picture parameter set.
const PPS: u8 = 8;
/// Access unit delimiter.
const DELIMITER: u8 = 9;

/// The NAL units of a byte-stream, each with its header byte, without start codes and trailing
/// zeros. Bytes before the first start code are none.
pub fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = behind_start_code(stream);
    std::iter::from_fn(move || {
        let unit = rest?;
        let end = start_code(unit).unwrap_or(unit.len());
        rest = behind_start_code(&unit[end..]);
        // `trailing_zero_8bits`, and the zero of a four byte start code.
        let length = unit[..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        Some(&unit[..length])
    })
    .filter(|unit| !unit.is_empty())
}

/// Where the first `00 00 01` begins.
fn start_code(bytes: &[u8]) -> Option<usize> {
    let mut third = 2;
    while let Some(byte) = bytes.get(third) {
        match byte {
            0 => third += 1,
            1 if bytes[third - 2..third] == [0, 0] => return Some(third - 2),
            // No start code holds this byte but as its third.
            _ => third += 3,
        }
    }
    None
}

fn behind_start_code(bytes: &[u8]) -> Option<&[u8]> {
    start_code(bytes).map(|at| &bytes[at + 3..])
}

/// Whether `unit` is a parameter set (sequence or picture).
#[must_use]
pub fn is_parameter_set(unit: &[u8]) -> bool {
    unit.first().is_some_and(|header| matches!(header & TYPE, SPS | PPS))
}

/// Whether `unit` only marks the beginning of an access unit, which MP4 has no use for.
#[must_use]
pub fn is_delimiter(unit: &[u8]) -> bool {
    unit.first().is_some_and(|header| header & TYPE == DELIMITER)
}

/// Whether decoding may start at this access unit: it has a slice of an IDR picture.
#[must_use]
pub fn is_keyframe(stream: &[u8]) -> bool {
    nal_units(stream).any(|unit| unit.first().is_some_and(|header| header & TYPE == IDR))
}

/// The first sequence and the first picture parameter set of an access unit; none unless both are
/// there.
#[must_use]
pub fn parameter_sets(stream: &[u8]) -> Option<(Bytes, Bytes)> {
    let find = |kind| {
        let mut units = nal_units(stream);
        units.find(|unit| unit[0] & TYPE == kind).map(Bytes::copy_from_slice)
    };
    Some((find(SPS)?, find(PPS)?))
}

/// The profile-level-id (RFC 6184 §8.1) of a sequence parameter set.
#[must_use]
pub fn profile_level_id(sps: &[u8]) -> Option<String> {
    let [_, profile, constraints, level, ..] = sps else { return None };
    Some(format!("{profile:02x}{constraints:02x}{level:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: [u8; 27] =
        [0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0xda, 0, 0, 1, 0x68, 0xce, 0, 0, 1, 0x65, 0x88, 0, 0];

    #[test]
    fn units_are_found_behind_both_start_codes_and_lose_their_trailing_zeros() {
        let units: Vec<&[u8]> = nal_units(&STREAM).collect();
        let expected: [&[u8]; 4] = [&[9, 0x10], &[0x67, 0x42, 0xc0, 0x1f, 0xda], &[0x68, 0xce], &[0x65, 0x88]];
        assert_eq!(units, expected);
        assert!(is_keyframe(&STREAM) && is_delimiter(units[0]) && is_parameter_set(units[2]));
    }

    #[test]
    fn parameter_sets_and_profile_are_read() {
        let (sps, pps) = parameter_sets(&STREAM).unwrap();
        assert_eq!((&sps[..], &pps[..]), (&[0x67, 0x42, 0xc0, 0x1f, 0xda][..], &[0x68, 0xce][..]));
        assert_eq!(profile_level_id(&sps).as_deref(), Some("42c01f"));
        assert!(parameter_sets(&[0, 0, 0, 1, 0x65, 1, 2, 3]).is_none());
        assert!(profile_level_id(&[0x67, 0x42]).is_none());
    }

    #[test]
    fn a_start_code_is_found_wherever_it_stands() {
        for zeros in 2..6 {
            for before in 0..12 {
                let mut stream = vec![1; before];
                stream.extend(vec![0; zeros]);
                stream.extend([1, 0x65, 0xff]);
                assert_eq!(nal_units(&stream).collect::<Vec<_>>(), [&[0x65, 0xff]], "{zeros} behind {before}");
            }
        }
    }

    #[test]
    fn what_is_no_byte_stream_has_no_units() {
        for stream in [&[][..], &[0, 0, 1], &[0, 0, 0, 0], &[1, 2, 3], &[0, 0, 1, 0, 0, 1, 0, 0]] {
            assert_eq!(nal_units(stream).count(), 0, "{stream:?}");
        }
    }
}
