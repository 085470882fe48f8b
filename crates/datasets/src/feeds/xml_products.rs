//! Products of an RSS or Atom feed as lines: one JSON object for each `item` or `entry`, with the texts of its children.
//!
//! It reads as much of XML as such feeds have: elements, texts, CDATA, the entities that XML defines and numbers of
//! characters. Attributes, comments and processing instructions are passed over, and so is what lies deeper than the
//! children of a product. Of a name that occurs twice the first text counts.
//!
//! **Bounds.** A product has at most [`LINE_BYTES_MAX`] bytes of text and a tag as many; beyond it the feed ends with an
//! error.

use std::{
    borrow::Cow,
    io::{self, BufRead, Read},
};

use serde_json::{Map, Value};

use super::lines::{BYTE_ORDER_MARK, LINE_BYTES_MAX};

/// Beginnings of files that are read so.
const BEGINNINGS: [&[u8]; 3] = [b"<?xml", b"<rss", b"<feed"];

/// Whether a reader stands at the beginning of an XML file.
pub(super) fn begins(reader: &mut impl BufRead) -> io::Result<bool> {
    let bytes = reader.fill_buf()?;
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).trim_ascii_start();
    Ok(BEGINNINGS.iter().any(|begin| bytes.starts_with(begin)))
}

/// A piece of XML.
enum Piece {
    Open(String),
    Close,
    /// `<a/>`.
    Empty,
    Text(String),
    Other,
    End,
}

/// Reader of products as lines.
pub(super) struct XmlProducts<R> {
    xml: R,
    /// Names of the elements that are open.
    open: Vec<String>,
    /// The product that is open: how deep it is, and what it says.
    product: Option<(usize, Map<String, Value>)>,
    /// Bytes of text of the product.
    bytes: usize,
    line: io::Cursor<Vec<u8>>,
}

impl<R: BufRead> XmlProducts<R> {
    pub(super) fn new(xml: R) -> Self {
        Self { xml, open: Vec::new(), product: None, bytes: 0, line: io::Cursor::default() }
    }

    /// Reads the next product, and returns `false` at the end.
    fn next_line(&mut self) -> io::Result<bool> {
        loop {
            match self.piece()? {
                Piece::Open(name) => {
                    let is_product = matches!(name.as_str(), "item" | "entry");
                    self.open.push(name);
                    if is_product && self.product.is_none() {
                        self.product = Some((self.open.len(), Map::new()));
                        self.bytes = 0;
                    }
                }
                Piece::Close => {
                    if let Some((depth, product)) = self.product.take_if(|(depth, _)| *depth == self.open.len()) {
                        self.open.truncate(depth - 1);
                        let mut line = Value::Object(product).to_string().into_bytes();
                        line.push(b'\n');
                        self.line = io::Cursor::new(line);
                        return Ok(true);
                    }
                    if self.open.pop().is_none() {
                        return Err(wrong("an element ends that did not begin"));
                    }
                }
                Piece::Text(text) => self.text(&text)?,
                Piece::Empty | Piece::Other => {}
                Piece::End if self.open.is_empty() => return Ok(false),
                Piece::End => return Err(wrong("it ends within an element")),
            }
        }
    }

    /// Adds text to the child of the product that is open.
    fn text(&mut self, text: &str) -> io::Result<()> {
        let Some((depth, product)) = &mut self.product else { return Ok(()) };
        let Some(name) = self.open.last().filter(|_| self.open.len() == *depth + 1) else { return Ok(()) };
        self.bytes += name.len() + text.len();
        if self.bytes > LINE_BYTES_MAX {
            return Err(wrong("a product is too long"));
        }
        match product.get_mut(name) {
            Some(Value::String(before)) => before.push_str(text),
            _ => _ = product.insert(name.clone(), text.into()),
        }
        Ok(())
    }

    /// Reads a piece.
    fn piece(&mut self) -> io::Result<Piece> {
        let next = self.xml.fill_buf()?.first().copied();
        match next {
            None => return Ok(Piece::End),
            Some(b'<') => self.xml.consume(1),
            Some(_) => {
                let bytes = self.until(b"<")?;
                return Ok(Piece::Text(unescaped(&utf_8(bytes)?)?.into_owned()));
            }
        }
        let mut tag = Vec::new();
        self.more(&mut tag, b">")?;
        if tag.starts_with(b"!--") {
            while !tag.ends_with(b"--") || tag.len() < 5 {
                tag.push(b'>');
                // Of a comment nothing but its end matters.
                if tag.len() > LINE_BYTES_MAX / 2 {
                    tag.drain(3..tag.len() - 2);
                }
                self.more(&mut tag, b">")?;
            }
            return Ok(Piece::Other);
        }
        if let Some(text) = tag.strip_prefix(b"![CDATA[") {
            let mut text = text.to_vec();
            while !text.ends_with(b"]]") {
                text.push(b'>');
                self.more(&mut text, b">")?;
            }
            text.truncate(text.len() - 2);
            return Ok(Piece::Text(utf_8(text)?));
        }
        if tag.starts_with(b"!") || tag.starts_with(b"?") {
            return Ok(Piece::Other);
        }
        if tag.starts_with(b"/") {
            return Ok(Piece::Close);
        }
        if tag.ends_with(b"/") {
            return Ok(Piece::Empty);
        }
        let tag = utf_8(tag)?;
        Ok(Piece::Open(tag.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default().to_owned()))
    }

    /// Reads up to a byte, which is left where it is; to the end if there is none.
    fn until(&mut self, end: &[u8; 1]) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let buffer = self.xml.fill_buf()?;
            let place = buffer.iter().position(|byte| *byte == end[0]);
            let taken = place.unwrap_or(buffer.len());
            bytes.extend_from_slice(&buffer[..taken]);
            let ended = place.is_some() || buffer.is_empty();
            self.xml.consume(taken);
            if bytes.len() > LINE_BYTES_MAX {
                return Err(wrong("a text is too long"));
            }
            if ended {
                return Ok(bytes);
            }
        }
    }

    /// Adds what comes up to a byte, which is taken and left out.
    fn more(&mut self, bytes: &mut Vec<u8>, end: &[u8; 1]) -> io::Result<()> {
        bytes.extend(self.until(end)?);
        if self.xml.fill_buf()?.is_empty() {
            return Err(wrong("it ends within a tag"));
        }
        self.xml.consume(1);
        if bytes.len() > LINE_BYTES_MAX {
            return Err(wrong("a tag is too long"));
        }
        Ok(())
    }
}

impl<R: BufRead> Read for XmlProducts<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.line.read(buffer)? {
                0 if !buffer.is_empty() && self.next_line()? => {}
                count => return Ok(count),
            }
        }
    }
}

fn wrong(detail: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no XML that can be read: {detail}"))
}

fn utf_8(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// Replaces entities.
fn unescaped(text: &str) -> io::Result<Cow<'_, str>> {
    if !text.contains('&') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once(';').ok_or_else(|| wrong("an & begins no entity"))?;
        let code = || match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => name.strip_prefix('#')?.parse().ok(),
        };
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            "nbsp" => Some('\u{a0}'),
            _ => code().and_then(char::from_u32),
        };
        out.push(character.ok_or_else(|| wrong("an entity is not known"))?);
        out.push_str(rest);
    }
    Ok(Cow::Owned(out))
}
