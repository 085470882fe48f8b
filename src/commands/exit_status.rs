//! Exit status of the commands that send lines, the same for all. `docs/reference/exit-status.md` has it for people.

use std::process::ExitCode;

/// The command did its work, and the answer is no.
pub const NO: u8 = 1;
/// Nothing was taken, or the command could not do its work.
pub const UNUSABLE: u8 = 2;

/// How many lines (or generated entries) were taken, and how many were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Taken by the service, by this run or an earlier one.
    pub taken: u64,
    /// Bad lines, and what the service rejected.
    pub refused: u64,
}

impl Taken {
    /// The status: 0 when at most `allowed` were refused, 1 when more were, and 2 when nothing was taken although
    /// something came, whatever is allowed.
    pub fn status(self, allowed: u64) -> u8 {
        match self {
            Self { taken: 0, refused: 1.. } => UNUSABLE,
            Self { refused, .. } if refused > allowed => 1,
            Self { .. } => 0,
        }
    }

    /// The same as an exit code.
    pub fn exit_code(self, allowed: u64) -> ExitCode {
        ExitCode::from(self.status(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_whether_all_some_or_none_was_taken() {
        for (taken, refused, allowed, status) in
            [(0, 0, 0, 0), (9, 0, 0, 0), (9, 1, 0, 1), (9, 1, 1, 0), (9, 2, 1, 1), (0, 1, 0, 2), (0, 3, 9, 2)]
        {
            assert_eq!(Taken { taken, refused }.status(allowed), status, "{taken} {refused} {allowed}");
        }
    }
}
