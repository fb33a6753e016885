//! Archives built byte by byte: whatever a header can say, also what no program would write.

use std::io::Write as _;

/// One header of a tar file, and its data.
#[derive(Clone, Debug)]
pub struct TarEntry {
    name: Vec<u8>,
    kind: u8,
    mode: u32,
    size: u64,
    link: Vec<u8>,
    data: Vec<u8>,
}

impl TarEntry {
    /// A regular file.
    pub fn file(name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        Self::of(b'0', name, data)
    }

    /// A directory.
    pub fn directory(name: impl AsRef<[u8]>) -> Self {
        Self { mode: 0o755, ..Self::of(b'5', name, b"") }
    }

    /// A hard (`1`) or symbolic (`2`) link.
    pub fn link(kind: u8, name: impl AsRef<[u8]>, target: &str) -> Self {
        Self { link: target.into(), ..Self::of(kind, name, b"") }
    }

    /// A member of any type.
    pub fn of(kind: u8, name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        let size = data.len() as u64;
        Self { name: name.as_ref().to_vec(), kind, mode: 0o644, size, link: Vec::new(), data: data.to_vec() }
    }

    /// With these permissions.
    pub fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// With this size in its header, whatever its data are.
    pub fn size(self, size: u64) -> Self {
        Self { size, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut header = [0; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name);
        put(100, format!("{:07o}", self.mode).as_bytes());
        put(108, b"0000000\x000000000\0");
        put(124, format!("{:011o}", self.size).as_bytes());
        put(136, b"11145401322");
        put(148, b"        ");
        put(156, &[self.kind]);
        put(157, &self.link);
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut bytes = header.to_vec();
        bytes.extend(&self.data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// A tar file of these members, with its end mark.
pub fn tar(members: &[TarEntry]) -> Vec<u8> {
    let mut bytes: Vec<u8> = members.iter().flat_map(TarEntry::bytes).collect();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// Compressed as gzip does it.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A record of a pax header.
pub fn pax(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length += 1;
    }
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

/// One entry of a zip file, stored; each of its two headers can say something else.
#[derive(Clone, Debug)]
pub struct ZipEntry {
    /// The header in front of the data.
    pub local: Said,
    /// The header in the central directory.
    pub central: Said,
    /// Where the central directory says that the entry is, if not where it is.
    pub offset: Option<u32>,
    /// What is stored.
    pub data: Vec<u8>,
}

/// What one header of a zip file says.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are those of the format")]
pub struct Said {
    pub name: Vec<u8>,
    pub checksum: u32,
    pub compressed: u32,
    pub size: u32,
    pub(crate) mode: u32,
    pub flags: u16,
    pub method: u16,
}

impl ZipEntry {
    /// An entry whose headers say what is true.
    pub fn new(name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(data);
        let size = u32::try_from(data.len()).expect("small");
        let said = Said {
            name: name.as_ref().to_vec(),
            checksum: crc.sum(),
            compressed: size,
            size,
            mode: 0o100_644,
            flags: 0,
            method: 0,
        };
        Self { local: said.clone(), central: said, offset: None, data: data.to_vec() }
    }

    /// With this mode in the central directory.
    pub fn mode(mut self, mode: u32) -> Self {
        self.central.mode = mode;
        self
    }

    /// With both headers changed.
    pub fn both(mut self, change: impl Fn(&mut Said)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }
}

impl Said {
    /// The fields that both headers have, in their order.
    fn common(&self) -> Vec<u8> {
        let mut bytes = vec![20, 0];
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0x50]);
        for value in [self.checksum, self.compressed, self.size] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(u16::try_from(self.name.len()).expect("short").to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }
}

/// A zip file of these entries.
pub fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut central = Vec::new();
    for entry in entries {
        let offset = entry.offset.unwrap_or(u32::try_from(bytes.len()).expect("small"));
        bytes.extend([b"PK\x03\x04", &*entry.local.common(), &entry.local.name, &entry.data].concat());
        // Made by Unix; no comment, disk 0, no internal attributes.
        central.extend([b"PK\x01\x02\x14\x03", &*entry.central.common(), &[0; 6]].concat());
        central.extend((entry.central.mode << 16).to_le_bytes());
        central.extend(offset.to_le_bytes());
        central.extend(&entry.central.name);
    }
    let count = u16::try_from(entries.len()).expect("few").to_le_bytes();
    let start = u32::try_from(bytes.len()).expect("small").to_le_bytes();
    let length = u32::try_from(central.len()).expect("small").to_le_bytes();
    bytes.extend(central);
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &length, &start, &[0, 0]].concat());
    bytes
}
