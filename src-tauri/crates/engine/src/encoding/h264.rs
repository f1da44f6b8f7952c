//! The little that must be read out of an H.264 byte-stream.

/// The profile-level-id (RFC 6184 §8.1) of the first sequence parameter set in `stream`.
pub(crate) fn profile_level_id(stream: &[u8]) -> Option<String> {
    let set = stream.windows(7).find(|window| window.starts_with(&[0, 0, 1]) && window[3] & 0x1f == 7)?;
    Some(format!("{:02x}{:02x}{:02x}", set[4], set[5], set[6]))
}

#[cfg(test)]
mod tests {
    use super::profile_level_id;

    #[test]
    fn the_profile_is_read_behind_an_access_unit_delimiter() {
        let stream = [0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1f, 0xda];
        assert_eq!(profile_level_id(&stream).as_deref(), Some("42c01f"));
        assert_eq!(profile_level_id(&[0, 0, 0, 1, 0x65, 1, 2, 3]), None);
    }
}
