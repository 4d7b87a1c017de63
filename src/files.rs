//! Opening files that somebody else may have put in our way.
//!
//! Whatever stands at a path, opening it neither hangs nor has an effect: a pipe, a device or a
//! folder is refused by name, nothing is truncated, and what is read has a greatest size.

use std::error::Error;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Why what stands at a path is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// A symbolic link, where none is followed.
    Link,
    /// A folder.
    Folder,
    /// A pipe, a socket or a device.
    Special,
    /// A file of so many bytes, with the most that are read.
    Large(u64, u64),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("it is a symbolic link, which is not followed here"),
            Self::Folder => f.write_str("it is a folder, not a file"),
            Self::Special => f.write_str("it is a pipe, a socket or a device, not a file"),
            Self::Large(bytes, most) => {
                write!(f, "it has {bytes} bytes, and at most {most} are read")
            }
        }
    }
}

impl Error for Unfit {}

impl From<Unfit> for io::Error {
    fn from(unfit: Unfit) -> Self {
        Self::new(ErrorKind::InvalidInput, unfit)
    }
}

/// Why a path was not opened, if that is for what stands there rather than for an error of the
/// system.
pub fn unfit(error: &io::Error) -> Option<Unfit> {
    error.get_ref()?.downcast_ref().copied()
}

/// Opens a regular file of at most `most` bytes to read; a symbolic link is refused.
///
/// # Errors
///
/// Those of the system, and [`Unfit`] as its cause.
pub fn open_regular(path: &Path, most: u64) -> io::Result<File> {
    within(open(path, OpenOptions::new().read(true), false)?, most)
}

/// Opens what a user names, a regular file of at most `most` bytes; symbolic links are followed.
///
/// # Errors
///
/// Those of the system, and [`Unfit`] as its cause.
pub fn open_named(path: &Path, most: u64) -> io::Result<File> {
    within(open(path, OpenOptions::new().read(true), true)?, most)
}

/// Opens a regular file with these options, which should not truncate; a symbolic link is refused.
///
/// # Errors
///
/// Those of the system, and [`Unfit`] as its cause.
pub fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    open(path, options, false)
}

/// The bytes of a regular file that has at most `most`; a symbolic link is refused.
///
/// # Errors
///
/// Those of the system, and [`Unfit`] as its cause.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_at_most(open_regular(path, most)?, most)
}

/// The bytes of what a user names, as [`open_named`] opens it.
///
/// # Errors
///
/// Those of the system, and [`Unfit`] as its cause.
pub fn read_named(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_at_most(open_named(path, most)?, most)
}

fn open(path: &Path, options: &mut OpenOptions, follow: bool) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let links = if follow { 0 } else { libc::O_NOFOLLOW };
        // Without O_NONBLOCK a pipe that nobody writes to would hang us.
        options.custom_flags(links | libc::O_NONBLOCK);
    }
    #[cfg(not(unix))]
    if !follow && path.is_symlink() {
        return Err(Unfit::Link.into());
    }
    let file = options.open(path).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::IsADirectory => Some(Unfit::Folder),
            _ if !follow && path.is_symlink() => Some(Unfit::Link),
            #[cfg(unix)]
            _ if error.raw_os_error() == Some(libc::ENXIO) => Some(Unfit::Special),
            _ => None,
        };
        why.map_or(error, io::Error::from)
    })?;
    let kind = file.metadata()?.file_type();
    if kind.is_file() {
        Ok(file)
    } else if kind.is_dir() {
        Err(Unfit::Folder.into())
    } else {
        Err(Unfit::Special.into())
    }
}

fn within(file: File, most: u64) -> io::Result<File> {
    match file.metadata()?.len() {
        bytes if bytes > most => Err(Unfit::Large(bytes, most).into()),
        _ => Ok(file),
    }
}

/// The bytes of an open file that has at most `most`.
///
/// # Errors
///
/// Those of the system, and [`Unfit::Large`] as its cause.
pub fn read_at_most(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // It may grow while it is read.
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes)? as u64;
    if read > most {
        return Err(Unfit::Large(read, most).into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A regular file is read up to the cap, and everything else is refused by what it is,
    /// without a wait.
    #[test]
    #[cfg(unix)]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "four").expect("written");
        std::os::unix::fs::symlink(at("file"), at("link")).expect("linked");
        std::os::unix::fs::symlink(at("nowhere"), at("broken")).expect("linked");
        std::fs::create_dir(at("folder")).expect("made");
        let made = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(made.expect("there is a mkfifo").success());
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("bound");

        assert_eq!(read_regular(&at("file"), 4).expect("read"), b"four");
        assert_eq!(read_named(&at("link"), 4).expect("read"), b"four");
        let why = |name: &str| unfit(&read_regular(&at(name), 4).expect_err("refused"));
        for (name, expected) in [
            ("link", Unfit::Link),
            ("broken", Unfit::Link),
            ("folder", Unfit::Folder),
            ("pipe", Unfit::Special),
            ("socket", Unfit::Special),
        ] {
            assert_eq!(why(name), Some(expected), "{name}");
            let written = open_with(&at(name), OpenOptions::new().read(true).append(true));
            assert_eq!(
                unfit(&written.expect_err("refused")),
                Some(expected),
                "{name}"
            );
        }
        let device = read_regular(Path::new("/dev/zero"), 4).expect_err("refused");
        assert_eq!(unfit(&device), Some(Unfit::Special));
        let large = read_regular(&at("file"), 3).expect_err("refused");
        assert_eq!(unfit(&large), Some(Unfit::Large(4, 3)));
        let missing = read_regular(&at("missing"), 4).expect_err("refused");
        assert_eq!(
            (missing.kind(), unfit(&missing)),
            (ErrorKind::NotFound, None)
        );
        assert!(!at("nowhere").exists());
    }
}
