//! The fields of protocol-buffers messages, which ONNX files consist of: taken apart without a
//! copy, and written. What a message means is not known here.

/// A field of a message as it stands in the file.
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    /// Its content, if it is of the length-delimited kind.
    pub(crate) bytes: Option<&'a [u8]>,
    /// Its content, if it is a number; a 32-bit float is there by its bits.
    pub(crate) value: Option<u64>,
    /// Key and content.
    pub(crate) whole: &'a [u8],
}

/// The fields of a message; `None` where it is broken.
pub(crate) fn fields(message: &[u8]) -> impl Iterator<Item = Option<Field<'_>>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let start = rest;
        let field = split_field(start);
        rest = field.as_ref().map_or(&[], |field| &start[field.whole.len()..]);
        Some(field)
    })
}

fn split_field(message: &[u8]) -> Option<Field<'_>> {
    let (key, key_length) = number(message)?;
    let content = &message[key_length..];
    let (bytes, value, length) = match key & 7 {
        0 => number(content).map(|(value, length)| (None, Some(value), length))?,
        1 => (None, None, 8),
        2 => {
            let (length, length_length) = number(content)?;
            let end = length_length.checked_add(usize::try_from(length).ok()?)?;
            (Some(content.get(length_length..end)?), None, end)
        }
        5 => (None, Some(u64::from(u32::from_le_bytes(*content.first_chunk()?))), 4),
        _ => return None,
    };
    let whole = message.get(..key_length + length)?;
    Some(Field { number: key >> 3, bytes, value, whole })
}

/// A number of 7 bits a byte, the lowest first, and how many bytes it takes. A negative one takes
/// ten.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// The numbers of a repeated field, which stand one a field or packed into one.
pub(crate) fn numbers(field: &Field) -> Option<Vec<i64>> {
    let Some(mut packed) = field.bytes else { return Some(vec![field.value? as i64]) };
    let mut all = Vec::new();
    while !packed.is_empty() {
        let (value, length) = number(packed)?;
        all.push(value as i64);
        packed = &packed[length..];
    }
    Some(all)
}

fn put_raw(message: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

/// Appends a field with a number.
pub(crate) fn put_number(message: &mut Vec<u8>, field: u64, value: u64) {
    put_raw(message, field << 3);
    put_raw(message, value);
}

/// Appends a field with bytes: a text or a message.
pub(crate) fn put(message: &mut Vec<u8>, field: u64, content: &[u8]) {
    put_raw(message, field << 3 | 2);
    put_raw(message, content.len() as u64);
    message.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_found_and_what_is_broken_is_none() {
        let mut message = Vec::new();
        put_number(&mut message, 3, 300);
        put(&mut message, 2, b"name");
        put(&mut message, 8, &[1, 0xac, 0x02]);
        let all: Vec<Field> = fields(&message).map(|field| field.expect("whole")).collect();
        assert_eq!((all[0].number, all[0].value), (3, Some(300)));
        assert_eq!(all[1].bytes, Some(&b"name"[..]));
        assert_eq!(numbers(&all[0]), Some(vec![300]));
        assert_eq!(numbers(&all[2]), Some(vec![1, 300]));
        assert!(fields(&message[..message.len() - 1]).any(|field| field.is_none()));
    }
}
