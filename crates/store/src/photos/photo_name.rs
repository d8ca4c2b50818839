//! What photos are called.

use crate::scans::scan_id::ScanId;

/// The name of a scan's photo. The folder is the last two digits of the id, which are random in
/// a UUID of version 4 or 7: no folder grows without limit.
pub(crate) fn photo_name(scan: ScanId, position: usize) -> String {
    let id = scan.to_string();
    format!("{}/{id}-{position}", &id[id.len() - 2..])
}

/// Whether an object is named as a photo is.
pub(crate) fn is_photo_name(name: &str) -> bool {
    let parts = name.split_once('/').and_then(|(_, file)| file.rsplit_once('-'));
    parts.is_some_and(|(id, position)| {
        id.parse::<ScanId>().is_ok() && position.parse::<usize>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_photo_is_known_by_its_name() {
        let scan = ScanId::from(Uuid::from_u128(0x018f_0000_0000_7000_8000_0000_0000_00ab));
        let name = photo_name(scan, 3);
        assert_eq!(name, "ab/018f0000-0000-7000-8000-0000000000ab-3");
        assert!(is_photo_name(&name));
        assert!(!is_photo_name("ping"));
        assert!(!is_photo_name("ab/readme-1"));
    }
}
