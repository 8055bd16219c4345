//! Which core runs whom: client and server side by side, where there are two cores and `taskset`.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::cost::Program;
use crate::machine::installed;

/// A core, by its number, and the tool that keeps a program on it.
pub(crate) struct Core {
    taskset: PathBuf,
    number: u32,
}

impl Core {
    /// One for the client and another for the server.
    pub(crate) fn two() -> Option<(Self, Self)> {
        let taskset = installed("taskset")?;
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        let [first, second] = first_two(list.trim())?;
        Some((Self { taskset: taskset.clone(), number: first }, Self { taskset, number: second }))
    }

    /// A command that runs on this core.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(&self.taskset);
        command.args(["-c", &self.number.to_string()]).arg(program);
        command
    }

    /// The same program on this core. `taskset` becomes the program, so what is counted is nearly all the program's.
    pub(crate) fn pin(&self, program: Program) -> Program {
        let mut arguments = vec!["-c".into(), self.number.to_string().into(), program.path];
        arguments.extend(program.arguments);
        Program { path: self.taskset.clone().into(), arguments, ..program }
    }
}

/// The first two numbers of a list like `0-3,8`.
fn first_two(list: &str) -> Option<[u32; 2]> {
    let mut numbers = list.split(',').flat_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        from.parse().unwrap_or(1)..=to.parse().unwrap_or(0)
    });
    Some([numbers.next()?, numbers.next()?])
}

#[cfg(test)]
mod tests {
    use super::first_two;

    #[test]
    fn two_cores_are_found_in_ranges_and_lists() {
        assert_eq!(first_two("0-7"), Some([0, 1]));
        assert_eq!(first_two("3,5-6"), Some([3, 5]));
        assert_eq!(first_two("0"), None);
    }
}
