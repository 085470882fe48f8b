//! Headers of safetensors files (<https://github.com/huggingface/safetensors#format>). They are read and written here
//! rather than by the format's own crate, which needs the whole file in memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    byte_reader::ByteReader,
    element::{Element, Shape},
    error::Fault,
};
use crate::feeds::json_object;

/// Longest header in bytes, as in the format's own crate.
pub(super) const HEADER_BYTES_MAX: u64 = 100_000_000;
/// Key of the ids in `__metadata__`: a JSON list in a string, since metadata holds strings only.
const IDS: &str = "ids";

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(default, rename = "__metadata__")]
    metadata: BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, Tensor>,
}

#[derive(Serialize, Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// What a header says of the wanted tensor.
pub(super) struct Found {
    pub shape: Shape,
    /// Ids of the metadata.
    pub ids: Option<Vec<String>>,
    /// Bytes of other tensors behind it.
    pub behind: u64,
}

/// Reads the header, checks that the tensors lie one behind the other, and skips to the tensor `name`, or to the only
/// one with two dimensions.
pub(super) fn header(bytes: &mut ByteReader, name: Option<&str>) -> Result<Found, Fault> {
    let mut length = [0; 8];
    bytes.exact(&mut length, "the length of the header")?;
    let length = u64::from_le_bytes(length);
    if length > HEADER_BYTES_MAX {
        return Err(Fault::at_byte(0, format!("the header has {length} bytes, at most {HEADER_BYTES_MAX}")));
    }
    let mut text = Vec::new();
    let mut left = usize::try_from(length).expect("at most 100,000,000");
    // In pieces: a header that is not there takes no memory.
    while left > 0 {
        let begin = text.len();
        text.resize(begin + left.min(1 << 20), 0);
        bytes.exact(&mut text[begin..], "the header")?;
        left -= text.len() - begin;
    }
    let wrong = |error: String| Fault::at_byte(8, format!("the header is not one of safetensors: {error}"));
    let object = json_object(&text).map_err(wrong)?;
    let header: Header =
        serde_json::from_value(serde_json::Value::Object(object)).map_err(|error| wrong(error.to_string()))?;
    let end = check_offsets(&header.tensors).map_err(|detail| Fault::at_byte(8, detail))?;
    let (name, tensor) = pick(&header.tensors, name).map_err(Fault::Unclear)?;
    let element = match tensor.dtype.as_str() {
        "F16" => Element::F16,
        "BF16" => Element::Bf16,
        "F32" => Element::F32,
        "F64" => Element::F64,
        other => return Err(Fault::Unclear(format!("tensor {name:?} must hold floats, holds {other}"))),
    };
    let shape =
        Shape::new(element, &tensor.shape).map_err(|detail| Fault::Unclear(format!("tensor {name:?} {detail}")))?;
    bytes.skip(tensor.data_offsets[0], &format!("tensor {name:?}"))?;
    // Those of several tensors are found by the tensor's name.
    let key = if header.metadata.contains_key(IDS) { IDS } else { name.as_str() };
    let ids = header.metadata.get(key).map(|ids| serde_json::from_str(ids)).transpose();
    let ids =
        ids.map_err(|error| Fault::at_byte(8, format!("metadata {key:?} must be a JSON list of texts: {error}")))?;
    Ok(Found { shape, ids, behind: end - tensor.data_offsets[1] })
}

/// Checks that the bytes of each tensor are as many as its shape says, and that all lie one behind the other, as the
/// format requires. Returns where they end.
fn check_offsets(tensors: &BTreeMap<String, Tensor>) -> Result<u64, String> {
    let mut in_order: Vec<(&String, &Tensor)> = tensors.iter().collect();
    in_order.sort_by_key(|(_, tensor)| tensor.data_offsets);
    let mut at = 0;
    for (name, Tensor { dtype, shape, data_offsets: [begin, end] }) in in_order {
        let has = end.checked_sub(*begin).ok_or_else(|| format!("tensor {name:?} ends at {end}, before it begins"))?;
        let values = shape.iter().try_fold(1_u64, |values, length| values.checked_mul(*length));
        let bits = bits(dtype);
        let needs = values.and_then(|values| values.checked_mul(bits.unwrap_or(0))).map(|bits| bits.div_ceil(8));
        if bits.is_some() && needs != Some(has) {
            return Err(format!("tensor {name:?} of shape {shape:?} and type {dtype} cannot have {has} bytes"));
        }
        if *begin != at {
            let how = if *begin < at { "overlaps the one before it" } else { "leaves a hole before it" };
            return Err(format!("tensor {name:?} {how}: it begins at {begin}, not at {at}"));
        }
        at = *end;
    }
    Ok(at)
}

/// Returns the bits of a value; `None` of types that are not known here.
fn bits(dtype: &str) -> Option<u64> {
    match dtype {
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" => Some(8),
        "I16" | "U16" | "F16" | "BF16" => Some(16),
        "I32" | "U32" | "F32" => Some(32),
        "I64" | "U64" | "F64" | "C64" => Some(64),
        _ => None,
    }
}

/// A matrix of f32 in a file.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// Name of the tensor.
    pub name: &'a str,
    /// Number of rows.
    pub rows: usize,
    /// Number of values of a row.
    pub dim: usize,
}

/// Encodes the head of a file with these matrices, whose values follow in order. It ends at a multiple of eight bytes,
/// so that the values can be used in place.
pub fn safetensors_head(metadata: BTreeMap<String, String>, matrices: &[Matrix<'_>]) -> Vec<u8> {
    let mut header = Header { metadata, tensors: BTreeMap::new() };
    let mut begin = 0;
    for Matrix { name, rows, dim } in matrices {
        let end = begin + (rows * dim * size_of::<f32>()) as u64;
        let shape = vec![*rows as u64, *dim as u64];
        let tensor = Tensor { dtype: "F32".to_owned(), shape, data_offsets: [begin, end] };
        header.tensors.insert((*name).to_owned(), tensor);
        begin = end;
    }
    let mut head = vec![0; 8];
    serde_json::to_writer(&mut head, &header).expect("texts and numbers have a JSON form");
    head.resize(head.len().next_multiple_of(8), b' ');
    let length = head.len() as u64 - 8;
    head[..8].copy_from_slice(&length.to_le_bytes());
    head
}

fn pick<'a>(tensors: &'a BTreeMap<String, Tensor>, name: Option<&str>) -> Result<(&'a String, &'a Tensor), String> {
    let of = |names: Vec<&String>| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = name {
        return tensors
            .get_key_value(name)
            .ok_or_else(|| format!("has no tensor {name:?}, only {}", of(tensors.keys().take(20).collect())));
    }
    let matrices: Vec<_> = tensors.iter().filter(|(_, tensor)| tensor.shape.len() == 2).take(20).collect();
    match matrices[..] {
        [only] => Ok(only),
        [] => Err("has no tensor with two dimensions".to_owned()),
        _ => Err(format!("has several tensors, say which (--tensor): {}", of(matrices.iter().map(|m| m.0).collect()))),
    }
}
