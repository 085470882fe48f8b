//! Encodings of text: UTF-8, or another that is turned into it while reading.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    str::FromStr,
};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;

/// An encoding, by its name in the WHATWG standard (<https://encoding.spec.whatwg.org/#names-and-labels>). There latin1
/// is windows-1252, which has the same letters, and more signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl FromStr for TextEncoding {
    type Err = String;

    fn from_str(label: &str) -> Result<Self, String> {
        Encoding::for_label(label.as_bytes())
            .map(Self)
            .ok_or_else(|| "is no encoding that is known, such as utf-8, utf-16le, latin1 or shift_jis".to_owned())
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Turns bytes into UTF-8. A byte order mark tells the encoding, else it is `given`; without either the bytes stay as
/// they are.
pub(super) fn decoded(
    mut bytes: Box<dyn BufRead + Send>,
    given: Option<TextEncoding>,
) -> io::Result<Box<dyn BufRead + Send>> {
    let mark = Encoding::for_bom(bytes.fill_buf()?).map(|(encoding, _)| encoding);
    let encoding = mark.or(given.map(|given| given.0)).filter(|encoding| *encoding != encoding_rs::UTF_8);
    let Some(encoding) = encoding else { return Ok(bytes) };
    let decoder = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(bytes);
    Ok(Box::new(BufReader::with_capacity(64 * 1024, Box::new(decoder) as Box<dyn Read + Send>)))
}
