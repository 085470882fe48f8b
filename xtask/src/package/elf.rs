//! Programs and libraries: what they need of a system, what they weigh, and what they can do without.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::package::in_path;
use crate::run::{read, show};

/// What the dynamic linker has to find.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Names of libraries, such as `libc.so.6`.
    pub libraries: Vec<String>,
    /// Search path of libraries, empty without one.
    pub rpath: String,
    /// Newest version of glibc that a symbol asks for, as (2, 35).
    pub glibc: (u32, u32),
    /// Newest version of libstdc++ that a symbol asks for, as (4, 29) for `GLIBCXX_3.4.29`.
    pub glibcxx: (u32, u32),
}

impl Needs {
    /// Reads a file.
    pub fn of(file: &Path) -> Outcome<Self> {
        let dynamic = read(Command::new("readelf").env("LC_ALL", "C").arg("--dynamic").arg("--wide").arg(file))?;
        let versions = read(Command::new("readelf").env("LC_ALL", "C").arg("--version-info").arg("--wide").arg(file))?;
        Ok(Self::parse(&dynamic, &versions))
    }

    fn parse(dynamic: &str, versions: &str) -> Self {
        let bracketed = |tags: &[&str]| -> Vec<String> {
            let lines = dynamic.lines().filter(|line| tags.iter().any(|tag| line.contains(tag)));
            lines.filter_map(|line| Some(line.split_once('[')?.1.rsplit_once(']')?.0.to_owned())).collect()
        };
        Self {
            libraries: bracketed(&["(NEEDED)"]),
            rpath: bracketed(&["(RPATH)", "(RUNPATH)"]).join(":"),
            glibc: newest(versions, "GLIBC_"),
            glibcxx: newest(versions, "GLIBCXX_3."),
        }
    }
}

/// The highest version after `prefix` in what readelf prints, such as `Name: GLIBC_2.28  Flags: none`.
fn newest(versions: &str, prefix: &str) -> (u32, u32) {
    let found = versions.split_whitespace().filter_map(|word| word.strip_prefix(prefix)).filter_map(|version| {
        let mut parts = version.split('.').map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next().and_then(Result::ok).unwrap_or(0)))
    });
    found.max().unwrap_or_default()
}

/// Copies a file without symbol tables and debug information, which only debuggers and backtraces read.
pub fn stripped(file: &Path, to: &Path) -> Outcome<()> {
    show(Command::new("strip").args(["--strip-unneeded", "-o"]).arg(to).arg(file))
}

/// Replaces the search path of libraries, in place. The new one may not be longer; the rest is filled with zeros, so
/// nothing in the file moves.
pub fn replace_rpath(file: &Path, rpath: &str) -> Outcome<()> {
    let old = Needs::of(file)?.rpath;
    if old.is_empty() || old == rpath {
        return Ok(());
    }
    let mut bytes = fs::read(file).map_err(in_path(file))?;
    replace_text(&mut bytes, &old, rpath).map_err(|error| format!("{}: {error}", file.display()))?;
    fs::write(file, bytes).map_err(in_path(file))?;
    let found = Needs::of(file)?.rpath;
    if found == rpath { Ok(()) } else { Err(format!("{} still searches {found}", file.display())) }
}

/// Overwrites the one text that is `old` and ends with a zero byte.
fn replace_text(bytes: &mut [u8], old: &str, new: &str) -> Outcome<()> {
    if new.len() > old.len() {
        return Err(format!("{new} is longer than {old}"));
    }
    let wanted = [old.as_bytes(), &[0]].concat();
    let mut places = bytes.windows(wanted.len()).enumerate().filter(|(_, found)| *found == wanted);
    let (Some((place, _)), None) = (places.next(), places.next()) else {
        return Err(format!("{old} is not there exactly once"));
    };
    let text = &mut bytes[place..place + old.len()];
    text.fill(0);
    text[..new.len()].copy_from_slice(new.as_bytes());
    Ok(())
}

/// Names and sizes of the sections of a file, largest first; those that take no room in the file are left out.
pub fn sections(file: &Path) -> Outcome<Vec<(String, u64)>> {
    let said = read(Command::new("readelf").env("LC_ALL", "C").arg("--section-headers").arg("--wide").arg(file))?;
    let mut found = parse_sections(&said);
    found.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(found)
}

/// Reads lines such as `  [15] .text  PROGBITS  0000b1bf80 b1af80 1e70d32 00  AX  0   0 64`.
fn parse_sections(said: &str) -> Vec<(String, u64)> {
    let lines = said.lines().filter_map(|line| {
        let (_, fields) = line.trim_start().strip_prefix('[')?.split_once(']')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [name, kind, _, _, size, ..] = fields.as_slice() else { return None };
        let bytes = u64::from_str_radix(size, 16).ok()?;
        (*kind != "NOBITS" && bytes > 0).then(|| ((*name).to_owned(), bytes))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_needs_is_read() {
        let dynamic = " 0x01 (NEEDED)  Shared library: [libtorch_cpu.so]\n 0x01 (NEEDED)  Shared library: [libc.so.6]\n \
                       0x0e (SONAME)  Library soname: [me.so]\n 0x0f (RPATH)  Library rpath: [$ORIGIN/../lib:/else]\n";
        let versions = "  0x0010: Name: GLIBC_2.9  Flags: none\n  0x0020:   Name: GLIBC_2.35  Flags: none\n  \
                        0x0030: Name: GLIBCXX_3.4.29  Flags: none\n 0x0040: Name: GLIBCXX_3.4  Flags: none\n";
        let found = Needs::parse(dynamic, versions);
        assert_eq!(found.libraries, ["libtorch_cpu.so", "libc.so.6"]);
        assert_eq!(found.rpath, "$ORIGIN/../lib:/else");
        assert_eq!((found.glibc, found.glibcxx), ((2, 35), (4, 29)));
        assert_eq!(Needs::parse("", ""), Needs::default());
    }

    #[test]
    fn a_text_is_replaced_where_it_ends_and_only_when_there_is_one() {
        let mut bytes = b"x\0/build/lib:/y\0/build/lib:/y/longer\0z".to_vec();
        replace_text(&mut bytes, "/build/lib:/y", "$ORIGIN").unwrap();
        assert_eq!(bytes, b"x\0$ORIGIN\0\0\0\0\0\0\0/build/lib:/y/longer\0z");
        let error = replace_text(&mut bytes, "/build/lib:/y", "$ORIGIN").unwrap_err();
        assert!(error.ends_with("is not there exactly once"), "{error}");
        assert!(replace_text(&mut bytes, "z", "longer").is_err());
        let mut twice = b"a\0a\0".to_vec();
        assert!(replace_text(&mut twice, "a", "b").is_err());
    }

    #[test]
    fn sections_have_the_size_that_they_take_in_the_file() {
        let said = "  [Nr] Name   Type   Address  Off  Size   ES Flg\n  [ 0]        NULL  000 000 000 00 0 0 0\n  \
                    [15] .text  PROGBITS 0b1bf80 b1af80 1e70 00  AX  0 0 64\n  [30] .bss NOBITS 2a 2e 0076c8 00 WA 0 0 64\n";
        assert_eq!(parse_sections(said), [(".text".to_owned(), 0x1e70)]);
    }
}
