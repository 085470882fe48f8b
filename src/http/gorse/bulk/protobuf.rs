//! The wire format of Protocol Buffers, as far as Gorse's dump uses it
//! (<https://protobuf.dev/programming-guides/encoding>).

use crate::http::gorse::TextError;

/// A field's content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Content<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32,
}

impl<'a> Content<'a> {
    /// The text of a field named `name`.
    pub fn text(self, name: &str) -> Result<String, TextError> {
        let text = std::str::from_utf8(self.bytes(name)?);
        text.map(str::to_owned).map_err(|_| TextError::bad(format!("{name} is no UTF-8")))
    }

    /// The bytes of a field named `name`.
    pub fn bytes(self, name: &str) -> Result<&'a [u8], TextError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Fixed32 => {
                Err(TextError::bad(format!("{name} has another type than Gorse writes")))
            }
        }
    }
}

/// The fields of a message, with their numbers.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Content<'a>)> {
        let key = self.varint()?;
        let content = match key & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let bytes = usize::try_from(self.varint()?).ok()?;
                Content::Bytes(self.take(bytes)?)
            }
            5 => {
                self.take(4)?;
                Content::Fixed32
            }
            _ => return None,
        };
        Some((key >> 3, content))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Content<'a>), TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or_else(|| TextError::bad("a record is no message of Protocol Buffers"));
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// A message that is written. Fields of their default value are left out, as they are by proto3.
#[derive(Debug, Default)]
pub struct Message(pub Vec<u8>);

impl Message {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push((number & 0x7f) as u8);
    }

    pub fn varint(&mut self, field: u64, value: u64) {
        if value != 0 {
            self.number(field << 3);
            self.number(value);
        }
    }

    pub fn double(&mut self, field: u64, value: f64) {
        if value.to_bits() != 0 {
            self.number(field << 3 | 1);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub fn bytes(&mut self, field: u64, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.nested(field, bytes);
        }
    }

    /// A message within this one, which is written even when it is empty.
    pub fn nested(&mut self, field: u64, bytes: &[u8]) {
        self.number(field << 3 | 2);
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut message = Message::default();
        message.bytes(1, b"u1");
        message.varint(3, 1);
        message.varint(300, u64::MAX);
        message.double(5, 2.5);
        message.bytes(9, b"");
        message.nested(6, b"");
        let fields: Vec<_> = Fields(&message.0).map(|field| field.expect("a field")).collect();
        let five = Content::Fixed64(2.5_f64.to_bits());
        let written =
            [(1, Content::Bytes(b"u1")), (3, Content::Varint(1)), (300, Content::Varint(u64::MAX)), (5, five)];
        assert_eq!(fields[..4], written);
        assert_eq!(fields[4..], [(6, Content::Bytes(b""))]);
        // By hand, from the format's own documentation: field 1 with 150, field 2 with "testing".
        let known = [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        let fields: Vec<_> = Fields(&known).map(|field| field.expect("a field")).collect();
        assert_eq!(fields, [(1, Content::Varint(150)), (2, Content::Bytes(b"testing"))]);
    }

    #[test]
    fn what_is_cut_off_or_of_no_type_is_refused() {
        for bytes in [&[0x0a, 5, b'a'][..], &[0x08], &[0x09, 1], &[0x0b], &[0xff; 11]] {
            assert!(Fields(bytes).last().expect("a result").is_err(), "{bytes:?}");
        }
    }
}
