//! A program that prints a secret, as msmtp's `passwordeval`. No shell; what it prints is never shown, not even in
//! errors.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a program did not print a secret.
#[derive(Debug, Error)]
pub enum CommandError {
    /// It is not installed, or not in `PATH`.
    #[error("there is no program `{0}`")]
    NotFound(String),
    /// It cannot be started.
    #[error("cannot start `{program}`")]
    Start {
        /// The first word of the command.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// Its output cannot be read.
    #[error("cannot read what `{program}` prints")]
    Read {
        /// The first word of the command.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// It says that it failed; why is on its standard error, which is the user's.
    #[error("`{program}` failed ({status})")]
    Failed {
        /// The first word of the command.
        program: String,
        /// What it left with.
        status: ExitStatus,
    },
    /// It was stopped because it took too long.
    #[error("`{program}` did not end within {} s", .limit.as_secs())]
    TimedOut {
        /// The first word of the command.
        program: String,
        /// How long it had.
        limit: Duration,
    },
    /// It prints more than any secret has.
    #[error("`{program}` prints more than {most} bytes")]
    TooLarge {
        /// The first word of the command.
        program: String,
        /// What is read at most.
        most: usize,
    },
}

/// Long enough to type a passphrase into a pinentry, short enough for a cron job to fail on the same morning.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Runs a program and returns what it prints. Its standard error stays the user's, so that it can say what is wrong.
pub(super) fn output(
    program: &Path,
    arguments: &[String],
    most: usize,
    limit: Duration,
) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let program = program.display().to_string();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CommandError::NotFound(program)),
        Err(source) => return Err(CommandError::Start { program, source }),
    };
    let printed = watch(&mut child, most).recv_timeout(limit);
    let settled = match printed {
        Ok(Ok(bytes)) if bytes.len() <= most => Ok(bytes),
        Ok(Ok(_)) => Err(CommandError::TooLarge { program: program.clone(), most }),
        Ok(Err(source)) => Err(CommandError::Read { program: program.clone(), source }),
        Err(_) => Err(CommandError::TimedOut { program: program.clone(), limit }),
    };
    if settled.is_err() {
        // It may have ended by itself meanwhile, which is as good.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|source| CommandError::Read { program: program.clone(), source })?;
    let bytes = settled?;
    if status.success() { Ok(bytes) } else { Err(CommandError::Failed { program, status }) }
}

/// Reads everything and sees the child end, without collecting it: until it is collected, its id cannot become another
/// process's, and killing it stays safe.
fn watch(child: &mut Child, most: usize) -> mpsc::Receiver<io::Result<Zeroizing<Vec<u8>>>> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take();
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    thread::spawn(move || {
        let printed = stdout.map_or_else(|| Ok(Zeroizing::default()), |stdout| read(stdout, most));
        if let (Ok(bytes), Some(pid)) = (&printed, pid)
            && bytes.len() <= most
        {
            // The only error is that there is no such child, and then there is nothing to wait for.
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        }
        // After the time limit the receiver has gone.
        let _ = sender.send(printed);
    });
    receiver
}

fn read(stdout: ChildStdout, most: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    stdout.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{TIME_LIMIT, output};

    fn sh(script: &str, limit: Duration) -> Result<Vec<u8>, String> {
        let arguments = ["-c", script].map(str::to_owned);
        output(Path::new("sh"), &arguments, 1024, limit)
            .map(|bytes| bytes.to_vec())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_program_prints_is_returned() {
        assert_eq!(sh("echo s3cret", TIME_LIMIT), Ok(b"s3cret\n".to_vec()));
    }

    #[test]
    fn the_program_cannot_ask_on_standard_input() {
        assert_eq!(sh("cat; echo end", TIME_LIMIT), Ok(b"end\n".to_vec()));
    }

    #[test]
    fn failures_name_the_program_and_never_its_output() {
        let failed = sh("echo s3cret; exit 3", TIME_LIMIT);
        assert_eq!(failed, Err("`sh` failed (exit status: 3)".into()));
        let large = sh("yes s3cret", TIME_LIMIT);
        assert_eq!(large, Err("`sh` prints more than 1024 bytes".into()));
        let missing = output(Path::new("no-such-program-here"), &[], 1024, TIME_LIMIT);
        assert_eq!(missing.unwrap_err().to_string(), "there is no program `no-such-program-here`");
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        for script in ["exec sleep 600", "exec >&-; exec sleep 600"] {
            let hung = sh(script, Duration::from_millis(200));
            assert_eq!(hung, Err("`sh` did not end within 0 s".into()), "{script}");
        }
    }
}
