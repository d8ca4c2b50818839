//! The UnionPay terminal unique serial number: the second number of a Chinese label.

/// The parts of a TUSN (structure observed on labels, sample published by the platform).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tusn<'a> {
    /// Six digits that name the maker.
    pub vendor_code: &'a str,
    /// 1 to 11: 2 is a POS terminal, 3 a mobile one, 4 a smart one, 10 a scanner for codes.
    pub device_type: u8,
    /// The maker's own number.
    pub serial: &'a str,
}

impl<'a> Tusn<'a> {
    /// Splits a canonical value, if it has the structure.
    pub fn parse(canonical: &'a str) -> Option<Self> {
        let serial = canonical.get(8..).filter(|serial| (8..=42).contains(&serial.len()))?;
        let (vendor_code, device_type) = (&canonical[..6], &canonical[6..8]);
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let alphanumeric = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        let sound = vendor_code.starts_with("000")
            && digits(vendor_code)
            && digits(device_type)
            && serial.bytes().all(alphanumeric);
        let device_type = device_type.parse().ok().filter(|kind| (1..=11).contains(kind))?;
        sound.then_some(Self { vendor_code, device_type, serial })
    }
}
