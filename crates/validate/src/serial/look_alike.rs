//! Characters that a reader of print takes for one another.
//!
//! The table is the only one in the program: correction, comparison with the list of expected
//! serials and the likeness of two readings all ask it. A barcode's value is never altered by it.

/// Pairs seen in readings of real labels. Symmetric.
const PAIRS: &[(char, char)] = &[
    ('O', '0'),
    ('O', 'D'),
    ('O', 'Q'),
    ('0', 'D'),
    ('0', 'Q'),
    ('I', '1'),
    ('I', 'L'),
    ('1', 'L'),
    ('B', '8'),
    ('S', '5'),
    ('Z', '2'),
    ('G', '6'),
    ('8', '3'),
    ('7', '1'),
    ('1', '4'),
    ('9', 'I'),
    ('0', 'E'),
];

/// Whether one of two different characters is commonly read as the other.
pub fn look_alike(one: char, other: char) -> bool {
    PAIRS.iter().any(|&(a, b)| (a, b) == (one, other) || (b, a) == (one, other))
}

/// Every character that `char` may have been misread from.
pub(crate) fn look_alikes(char: char) -> impl Iterator<Item = char> {
    PAIRS.iter().filter_map(move |&(a, b)| match char {
        _ if char == a => Some(b),
        _ if char == b => Some(a),
        _ => None,
    })
}

/// The number of places where two strings of one length differ, if they differ by look-alikes
/// only; `None` if they differ otherwise.
pub(crate) fn look_alike_distance(one: &str, other: &str) -> Option<usize> {
    if one.len() != other.len() {
        return None;
    }
    let mut places = 0;
    for (a, b) in one.chars().zip(other.chars()).filter(|(a, b)| a != b) {
        if !look_alike(a, b) {
            return None;
        }
        places += 1;
    }
    Some(places)
}

/// The least number of characters to replace, insert or drop to make one value of the other
/// (Levenshtein), or `None` if it is more than `most`.
pub(crate) fn edits(one: &str, other: &str, most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (at, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().filter(|edits| *edits <= most)
}

/// The least number of characters to replace, insert or drop to make `word` of some part of `text`
/// (Sellers 1980, "The theory and computation of evolutionary distances").
pub(crate) fn edits_within(word: &[char], text: &[char]) -> usize {
    let mut column: Vec<usize> = (0..=word.len()).collect();
    let mut least = word.len();
    for read in text {
        let mut diagonal = 0;
        for (at, letter) in word.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != read);
            diagonal = column[at + 1];
            column[at + 1] = replaced.min(column[at] + 1).min(diagonal + 1);
        }
        least = least.min(column[word.len()]);
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_symmetric_and_counted() {
        assert!(look_alike('O', '0') && look_alike('0', 'O') && !look_alike('A', 'B'));
        assert_eq!(look_alike_distance("0821O32398", "0821032398"), Some(1));
        assert_eq!(look_alike_distance("0821032398", "0821032398"), Some(0));
        assert_eq!(look_alike_distance("0821A32398", "0821032398"), None);
        assert_eq!(look_alike_distance("082103239", "0821032398"), None);
        assert_eq!(edits("5188597", "518859", 2), Some(1));
        assert_eq!(edits("77987515", "77362976", 3), None);
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let within = |word: &str, text: &str| edits_within(&chars(word), &chars(text));
        assert_eq!(within("SERIAL", "GPONSERIALNUMBER"), 0);
        assert_eq!(within("SERIALNUMBER", "GPONSEIAUMBER"), 3);
        assert_eq!(within("SERIAL", ""), 6);
        assert!(look_alikes('0').any(|char| char == 'Q'));
    }
}
