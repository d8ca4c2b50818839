//! The bytes of a list as text. Spreadsheet programs write UTF-8, UTF-16 or whatever their country
//! used before, and seldom say which.

use crate::lists::header::names_serials;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252,
};
use std::borrow::Cow;

/// Bytes that are looked at to find the encoding.
const LOOKED_AT_BYTES: usize = 1 << 16;
/// Of how many characters of UTF-16 one at least is of ASCII, whose other byte is zero. A list of
/// serials has more.
const ASCII_ONE_IN: usize = 5;
/// Encodings that are tried where the header tells them apart, before the one that reads anything.
const TRIED: [&Encoding; 7] =
    [GB18030, SHIFT_JIS, BIG5, EUC_KR, WINDOWS_1251, WINDOWS_1250, WINDOWS_1252];

/// The text and the encoding that it was in. Bytes that the encoding does not know become U+FFFD,
/// which no serial holds.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, &'static Encoding) {
    if let Some((encoding, bom_bytes)) = Encoding::for_bom(bytes) {
        return (encoding.decode_without_bom_handling(&bytes[bom_bytes..]).0, encoding);
    }
    let encoding = utf_16(bytes)
        .or_else(|| std::str::from_utf8(bytes).is_ok().then_some(UTF_8))
        .or_else(|| nearly_utf_8(bytes))
        .unwrap_or_else(|| older(bytes));
    (encoding.decode_without_bom_handling(bytes).0, encoding)
}

/// UTF-16 without a mark: the zero bytes stand all on one side.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let pairs = bytes[..bytes.len().min(LOOKED_AT_BYTES)].as_chunks::<2>().0;
    let zeros = |side: usize| pairs.iter().filter(|pair| pair[side] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let many = |zeros: usize| zeros > 0 && zeros * ASCII_ONE_IN >= pairs.len();
    match (many(first), many(second)) {
        (true, false) => Some(UTF_16BE),
        (false, true) => Some(UTF_16LE),
        _ => None,
    }
}

/// UTF-8 in which a few bytes were damaged: its longer characters outnumber them by far.
fn nearly_utf_8(bytes: &[u8]) -> Option<&'static Encoding> {
    let chunks = bytes.utf8_chunks();
    let (mut right, mut wrong) = (0, 0);
    for chunk in chunks {
        right += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        wrong += usize::from(!chunk.invalid().is_empty());
    }
    (right > 10 * wrong).then_some(UTF_8)
}

/// One of the encodings from before Unicode: the likeliest, unless the header is understood in
/// another one only.
fn older(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let likeliest = detector.guess(None, Utf8Detection::Deny);
    let beginning = &bytes[..bytes.len().min(LOOKED_AT_BYTES)];
    let understood = |encoding: &&&'static Encoding| {
        names_serials(&encoding.decode_without_bom_handling(beginning).0)
    };
    [&likeliest].into_iter().chain(&TRIED).find(understood).copied().unwrap_or(likeliest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_in_the_encoding_it_was_saved_in() {
        let chinese = "型号,终端序列号\r\nA920,0821032398\r\n";
        let japanese = "型番,シリアル番号\r\nA920,0821032398\r\n";
        let french = "Modèle;Numéro de série\nA920;0821032398\n";
        let russian = "Модель;Серийный номер\nA920;0821032398\n";
        let polish = "Model;Nr seryjny;Miejsce\nA920;0821032398;Łódź\n";
        for (text, encoding) in [
            (chinese, UTF_8),
            (chinese, GB18030),
            (japanese, SHIFT_JIS),
            (french, WINDOWS_1252),
            (russian, WINDOWS_1251),
            (polish, WINDOWS_1250),
        ] {
            let bytes = encoding.encode(text).0;
            assert_eq!(decode(&bytes).0, text, "{} {:?}", encoding.name(), decode(&bytes));
        }
    }

    #[test]
    fn utf_16_is_read_with_its_mark_and_without() {
        let text = "型号,序列号\r\nA920,0821032398\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, bytes, encoding) in [
            (&b""[..], &little, UTF_16LE),
            (b"\xff\xfe", &little, UTF_16LE),
            (b"", &big, UTF_16BE),
            (b"\xfe\xff", &big, UTF_16BE),
        ] {
            let bytes = [mark, bytes].concat();
            assert_eq!(decode(&bytes), (Cow::Borrowed(text), encoding), "{bytes:?}");
        }
        assert_eq!(decode(b"serial\n0821032398\0,A920\n").1, UTF_8, "one zero byte is damage");
    }

    #[test]
    fn a_damaged_byte_does_not_change_the_encoding_of_the_rest() {
        let mut bytes = "终端序列号,型号,安装地点\n".as_bytes().to_vec();
        bytes.extend(b"0821032398,A920\xe5,\n");
        let (text, encoding) = decode(&bytes);
        assert_eq!(encoding, UTF_8);
        assert!(text.starts_with("终端序列号") && text.contains('\u{fffd}'), "{text}");
    }
}
