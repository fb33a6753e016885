//! Positions of editors (line, UTF-16 units) and offsets in bytes.

/// A position as the Language Server Protocol counts it, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// UTF-16 units in the line before the position.
    pub character: u32,
}

/// The offset of a position. A position after the end of its line is the end of the line; one after the last line is the
/// end of the text.
pub fn offset_of(text: &str, position: Position) -> usize {
    let Some(start) = line_start(text, position.line) else { return text.len() };
    let line = text[start..].split('\n').next().unwrap_or_default();
    let mut units = 0;
    for (at, c) in line.char_indices() {
        if units >= position.character {
            return start + at;
        }
        units += u32::try_from(c.len_utf16()).unwrap_or(1);
    }
    start + line.len()
}

fn line_start(text: &str, line: u32) -> Option<usize> {
    match line.checked_sub(1) {
        None => Some(0),
        Some(before) => text.match_indices('\n').nth(before as usize).map(|(at, _)| at + 1),
    }
}

/// The position of an offset. An offset within a character is the position before it.
pub fn position_of(text: &str, offset: usize) -> Position {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Position { line: number(line), character: number(before[start..].encode_utf16().count()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_utf16_units() {
        let text = "aü\n😀b\n";
        let t = |line, character, offset| {
            let position = Position { line, character };
            assert_eq!((offset_of(text, position), position_of(text, offset)), (offset, position));
        };
        t(0, 0, 0);
        t(0, 2, 3);
        t(1, 2, 8);
        t(1, 3, 9);
        t(2, 0, 10);
        assert_eq!(offset_of(text, Position { line: 0, character: 99 }), 3);
        assert_eq!(offset_of(text, Position { line: 99, character: 0 }), 10);
        assert_eq!(position_of(text, 5), Position { line: 1, character: 0 });
    }
}
