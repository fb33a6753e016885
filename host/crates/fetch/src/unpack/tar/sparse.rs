//! Files with holes: which parts of them have data. Three formats of pax headers and an older one of GNU tar say that.

use std::io::Read;

use super::super::error::{ArchiveFault, UnpackStop};
use super::header::{BLOCK, TarHeader, decimal, number};

/// Start and length of the parts with data.
pub(super) type SparseMap = Vec<(u64, u64)>;

/// The most parts of one file.
const MOST_PARTS: usize = 100_000;

/// Start and length, separated by commas (version 0.1).
pub(super) fn parse_map(value: &[u8]) -> Result<SparseMap, ArchiveFault> {
    let numbers: Vec<u64> = value.split(|byte| *byte == b',').map(decimal).collect::<Result<_, _>>()?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    match rest {
        [] => Ok(pairs.iter().map(|[start, length]| (*start, *length)).collect()),
        _ => Err(malformed()),
    }
}

/// The map in front of the data, one number a line (version 1.0), and how many bytes it takes.
pub(super) fn read_map(data: &mut impl Read) -> Result<(SparseMap, u64), UnpackStop> {
    let mut lines = DecimalLines { data, block: Vec::new(), used: 0, read: 0 };
    let count = usize::try_from(lines.number()?).unwrap_or(usize::MAX);
    check_count(count).map_err(UnpackStop::because)?;
    let map = (0..count).map(|_| Ok((lines.number()?, lines.number()?))).collect::<Result<SparseMap, UnpackStop>>()?;
    Ok((map, lines.read))
}

/// Numbers in decimal digits, each with a line end, in whole blocks.
struct DecimalLines<'a, R> {
    data: &'a mut R,
    block: Vec<u8>,
    used: usize,
    read: u64,
}

impl<R: Read> DecimalLines<'_, R> {
    fn number(&mut self) -> Result<u64, UnpackStop> {
        let mut digits = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return decimal(&digits).map_err(UnpackStop::because),
                byte if digits.len() < 20 => digits.push(byte),
                _ => return Err(UnpackStop::because(malformed())),
            }
        }
    }

    fn byte(&mut self) -> Result<u8, UnpackStop> {
        if self.used == self.block.len() {
            self.block.resize(BLOCK, 0);
            self.data.read_exact(&mut self.block).map_err(|error| UnpackStop::reading(&error))?;
            (self.used, self.read) = (0, self.read + BLOCK as u64);
        }
        self.used += 1;
        Ok(self.block[self.used - 1])
    }
}

/// The map and size of a file in the older format, from its header and the blocks that follow it.
pub(super) fn read_old(header: &TarHeader, stream: &mut impl Read) -> Result<(SparseMap, u64), UnpackStop> {
    let size = u64::try_from(number(&header.0[483..495]).map_err(UnpackStop::because)?).unwrap_or(u64::MAX);
    let mut map = SparseMap::new();
    add_parts(&mut map, &header.0[386..482]).map_err(UnpackStop::because)?;
    let mut has_more = header.0[482] != 0;
    while has_more {
        let mut block = [0; BLOCK];
        stream.read_exact(&mut block).map_err(|error| UnpackStop::reading(&error))?;
        add_parts(&mut map, &block[..504]).map_err(UnpackStop::because)?;
        has_more = block[504] != 0;
    }
    Ok((map, size))
}

/// Adds entries of 24 bytes: start and length.
fn add_parts(map: &mut SparseMap, bytes: &[u8]) -> Result<(), ArchiveFault> {
    for entry in bytes.as_chunks::<24>().0 {
        if entry[0] == 0 || entry[12] == 0 {
            break;
        }
        let field = |bytes| number(bytes).and_then(|number| u64::try_from(number).map_err(|_| malformed()));
        map.push((field(&entry[..12])?, field(&entry[12..])?));
    }
    check_count(map.len())
}

fn check_count(count: usize) -> Result<(), ArchiveFault> {
    match count > MOST_PARTS {
        true => Err(ArchiveFault::Limit { what: "parts of a sparse file", limit: MOST_PARTS as u64 }),
        false => Ok(()),
    }
}

/// Checks that the parts are in order, in the file, and have as many bytes as there are data.
pub(super) fn check(map: &SparseMap, size: u64, data: u64) -> Result<(), ArchiveFault> {
    check_count(map.len())?;
    let (mut end, mut sum) = (0_u64, 0_u64);
    for (start, length) in map {
        if *start < end {
            return Err(malformed());
        }
        end = start.checked_add(*length).ok_or_else(malformed)?;
        sum += length;
    }
    if end > size || sum != data { Err(malformed()) } else { Ok(()) }
}

fn malformed() -> ArchiveFault {
    ArchiveFault::Damaged("its sparse map is malformed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_in_order_and_in_the_file() {
        assert_eq!(check(&vec![(0, 5), (10, 5), (20, 0)], 20, 10), Ok(()));
        assert_eq!(check(&vec![], 20, 0), Ok(()));
        let t =
            |map: &[(u64, u64)], size, data| assert_eq!(check(&map.to_vec(), size, data), Err(malformed()), "{map:?}");
        t(&[(0, 5), (4, 5)], 20, 10);
        t(&[(10, 5), (0, 5)], 20, 10);
        t(&[(18, 5)], 20, 5);
        t(&[(0, 5)], 20, 4);
        t(&[(u64::MAX, 5)], u64::MAX, 5);
    }

    #[test]
    fn a_map_is_read_in_whole_blocks() {
        let mut text = b"2\n0\n5\n10\n5\n".to_vec();
        text.resize(BLOCK, 0);
        text.extend(b"data");
        let mut data = text.as_slice();
        assert_eq!(read_map(&mut data).unwrap(), (vec![(0, 5), (10, 5)], BLOCK as u64));
        assert_eq!(data, b"data");
        assert_eq!(parse_map(b"0,5,10,5"), Ok(vec![(0, 5), (10, 5)]));
        assert!(parse_map(b"0,5,10").is_err() && parse_map(b"").is_err());
        assert!(read_map(&mut &[b'9'; BLOCK][..]).is_err());
    }
}
