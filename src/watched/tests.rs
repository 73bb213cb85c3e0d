use super::*;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicUsize, Ordering};

const SECOND: Duration = Duration::from_secs(1);

fn number(path: &Path) -> Result<u32, FileError> {
    let content = read(path, 10)?;
    let text = std::str::from_utf8(&content).map_err(|_| FileError::new(path, "not text"))?;
    text.trim().parse().map_err(|_| FileError::new(path, "not a number"))
}

fn open(path: &Path, now: Instant) -> Result<Watched<u32>, FileError> {
    let file = path.to_owned();
    Watched::open("number", vec![path.to_owned()], move || number(&file), now)
}

fn watched(path: &Path, now: Instant) -> Watched<u32> {
    open(path, now).unwrap()
}

/// Two numbers that must be the same: a certificate and its key, in small.
fn pair(folder: &Path, now: Instant) -> Watched<u32> {
    let files = ["a", "b"].map(|name| folder.join(name));
    let [a, b] = files.clone();
    let load = move || match (number(&a)?, number(&b)?) {
        (one, other) if one == other => Ok(one),
        _ => Err(FileError::new(&b, "of another pair")),
    };
    Watched::open("pair", files.to_vec(), load, now).unwrap()
}

#[test]
fn a_changed_file_is_seen_a_second_later() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let file = watched(&path, start);
    fs::write(&path, "22").unwrap();
    assert_eq!(*file.current(start + SECOND / 2), 1);
    assert_eq!(*file.snapshot(), 1);
    assert_eq!(*file.current(start + SECOND), 22);
}

#[test]
fn a_look_does_not_wait() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let file = watched(&path, start);
    assert_eq!(file.look(Look::Changed, start), Looked::Same);
    fs::write(&path, "22").unwrap();
    assert_eq!(file.look(Look::Changed, start), Looked::Reloaded);
    assert_eq!(*file.snapshot(), 22);
}

#[test]
fn a_file_of_the_same_size_and_time_put_in_its_place_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other, start) = (folder.path().join("x"), folder.path().join("y"), Instant::now());
    fs::write(&path, "1").unwrap();
    fs::write(&other, "2").unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
    let file = watched(&path, start);
    fs::rename(&other, &path).unwrap();
    assert_eq!(*file.current(start + SECOND), 2);
}

#[test]
fn a_link_that_is_turned_to_another_folder_is_seen() {
    // As the files of a mounted secret: x -> ..data/x, ..data -> 1.
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for version in ["1", "2"] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("x"), version).unwrap();
    }
    symlink("1", at("..data")).unwrap();
    symlink("..data/x", at("x")).unwrap();
    let start = Instant::now();
    let file = watched(&at("x"), start);
    symlink("2", at("..new")).unwrap();
    fs::rename(at("..new"), at("..data")).unwrap();
    assert_eq!(*file.current(start + SECOND), 2);
}

#[test]
fn a_bad_or_missing_file_keeps_the_old_content_until_a_good_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let file = watched(&path, start);
    fs::write(&path, "no number").unwrap();
    assert_eq!(*file.current(start + SECOND), 1);
    fs::write(&path, "12345678901").unwrap();
    assert_eq!(*file.current(start + 2 * SECOND), 1);
    fs::remove_file(&path).unwrap();
    assert_eq!(*file.current(start + 3 * SECOND), 1);
    fs::write(&path, "3").unwrap();
    assert_eq!(*file.current(start + 4 * SECOND), 3);
}

#[test]
fn half_of_a_file_is_not_read_while_the_rest_is_on_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let file = watched(&path, start).settling();
    for part in ["2", "23", "234"] {
        fs::write(&path, part).unwrap();
        assert_eq!(file.look(Look::Changed, start), Looked::Same);
    }
    assert_eq!(*file.snapshot(), 1);
    assert_eq!(file.look(Look::Changed, start), Looked::Reloaded);
    assert_eq!(*file.snapshot(), 234);
    fs::write(&path, "5678").unwrap();
    assert_eq!(file.look(Look::Everything, start), Looked::Reloaded, "somebody says that it is whole");
    assert_eq!(file.look(Look::Changed, start), Looked::Same);
}

#[test]
fn files_that_belong_together_change_together() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a", "1");
    write("b", "1");
    let start = Instant::now();
    let files = pair(folder.path(), start);
    write("a", "22");
    assert_eq!(files.look(Look::Changed, start), Looked::Refused);
    assert_eq!(*files.snapshot(), 1);
    write("b", "22");
    assert_eq!(files.look(Look::Changed, start), Looked::Reloaded);
    assert_eq!(*files.snapshot(), 22);
}

#[test]
fn a_problem_is_told_once_and_again_to_whoever_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let file = watched(&path, start);
    fs::write(&path, "bad").unwrap();
    assert_eq!(file.look(Look::Changed, start), Looked::Refused);
    assert_eq!(file.look(Look::Changed, start), Looked::Same);
    assert_eq!(file.look(Look::Changed, start + TRY_AGAIN), Looked::Same);
    assert_eq!(file.look(Look::Everything, start), Looked::Refused);
    fs::write(&path, "12345678901").unwrap();
    assert_eq!(file.look(Look::Changed, start), Looked::Refused);
}

/// A file whose content is counted, and the number of times it was read.
fn counted(path: &Path, reads: &Arc<AtomicUsize>, now: Instant) -> Watched<u32> {
    let (file, reads) = (path.to_owned(), Arc::clone(reads));
    let load = move || {
        reads.fetch_add(1, Ordering::SeqCst);
        number(&file)
    };
    Watched::open("number", vec![path.to_owned()], load, now).unwrap()
}

#[test]
fn an_unchanged_file_is_read_again_only_on_demand_or_if_it_is_bad_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start, reads) = (folder.path().join("x"), Instant::now(), Arc::new(AtomicUsize::new(0)));
    fs::write(&path, "1").unwrap();
    let file = counted(&path, &reads, start);
    file.look(Look::Changed, start + 2 * TRY_AGAIN);
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    file.look(Look::Everything, start);
    assert_eq!(reads.load(Ordering::SeqCst), 2);
    fs::write(&path, "bad").unwrap();
    for seconds in 1..5 {
        assert_eq!(*file.current(start + seconds * SECOND), 1);
    }
    assert_eq!(reads.load(Ordering::SeqCst), 3);
    file.look(Look::Changed, start + 2 * TRY_AGAIN);
    assert_eq!(reads.load(Ordering::SeqCst), 4);
}

#[test]
fn what_is_written_while_it_is_read_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let seen = Seen::of(std::slice::from_ref(&path));
    fs::write(&path, "22").unwrap();
    let file = path.clone();
    let file = Watched::since("number", vec![path], seen, 1, move || number(&file), start);
    assert_eq!(file.look(Look::Changed, start), Looked::Reloaded);
    assert_eq!(*file.snapshot(), 22);
}

#[test]
fn nobody_waits_for_the_writer_of_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let (path, start) = (folder.path().join("x"), Instant::now());
    fs::write(&path, "1").unwrap();
    let files = vec![path.clone()];
    let file = path.clone();
    let file = Watched::open("text", files, move || fs::read(&file), start).unwrap();
    fs::remove_file(&path).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(file.look(Look::Everything, start), Looked::Refused);
}

#[test]
fn an_unusable_file_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let error = || open(&path, Instant::now()).unwrap_err().to_string();
    assert!(error().starts_with(&format!("{}: ", path.display())), "{}", error());
    fs::write(&path, "12345678901").unwrap();
    assert!(error().ends_with(": larger than 10 bytes"), "{}", error());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(error().ends_with(": not a regular file"), "{}", error());
}
