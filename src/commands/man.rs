//! `sftpbridge man`: manual pages in roff. Synopsis and options come from the definition of the command line, the page of
//! the configuration file from `proxy.toml`, and all else from `text.rs`.

mod config_file;
mod text;

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man as Generator;
use clap_mangen::roff::{Roff, bold, roman};

use self::text::{Section, sections};
use super::Failure;
use crate::cli::{Cli, Man};
use crate::file_error::Unwritable;

const PROGRAM: &str = "sftpbridge";

const CONFIG_FILE: &str = "proxy.toml";

/// What stands at the foot of every page.
const VERSION: &str = concat!("sftpbridge ", env!("CARGO_PKG_VERSION"));

/// A page as `man` finds it: `sftpbridge-serve` in section 1.
struct Page {
    name: String,
    section: &'static str,
    roff: Vec<u8>,
}

/// Prints one page, or writes all of them.
pub(super) fn run(arguments: Man) -> Result<(), Failure> {
    let pages = pages().map_err(|error| Failure::System("cannot make the pages", error))?;
    match arguments.out {
        Some(folder) => {
            let failed = |error| {
                Failure::Unwell(format!(
                    "cannot write the pages to {}: {}",
                    folder.display(),
                    Unwritable(&error)
                ))
            };
            write(&pages, &folder).map_err(failed)
        }
        None => print(&pages, arguments.page.as_deref()),
    }
}

fn write(pages: &[Page], folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    pages
        .iter()
        .try_for_each(|page| fs::write(folder.join(format!("{}.{}", page.name, page.section)), &page.roff))
}

fn print(pages: &[Page], wanted: Option<&str>) -> Result<(), Failure> {
    let short = |page: &Page| page.name.trim_start_matches("sftpbridge-").to_owned();
    let wanted = wanted.unwrap_or(PROGRAM);
    let Some(page) = pages.iter().find(|page| page.name == wanted || short(page) == wanted) else {
        let known = pages.iter().map(short).collect::<Vec<_>>().join(", ");
        return Err(Failure::Usage(format!("there is no page {wanted:?}; there are {known}")));
    };
    io::stdout().write_all(&page.roff).map_err(|error| Failure::System("cannot write", error))
}

/// The page of the program, of each command, and of the configuration file.
fn pages() -> io::Result<Vec<Page>> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let commands: Vec<clap::Command> = program.get_subcommands().cloned().collect();
    let mut pages = vec![program_page(program)?];
    for command in commands {
        pages.push(command_page(command)?);
    }
    let roff = title(CONFIG_FILE, "5") + &config_file::page().to_roff();
    pages.push(Page { name: CONFIG_FILE.to_owned(), section: "5", roff: roff.into_bytes() });
    Ok(pages)
}

fn program_page(program: clap::Command) -> io::Result<Page> {
    let sections = sections(PROGRAM);
    page(
        program,
        PROGRAM.to_owned(),
        Generator::render_subcommands_section,
        sections,
        "proxy.toml(5), sftp(1)",
    )
}

fn command_page(command: clap::Command) -> io::Result<Page> {
    let sections = sections(command.get_name());
    let name = format!("{PROGRAM}-{}", command.get_name());
    page(command, name, |_, _| Ok(()), sections, "sftpbridge(1), proxy.toml(5)")
}

fn page(
    command: clap::Command,
    name: String,
    commands: impl FnOnce(&Generator, &mut dyn Write) -> io::Result<()>,
    sections: &[Section],
    also: &str,
) -> io::Result<Page> {
    let page = Generator::new(command);
    let mut roff = title(&name, "1").into_bytes();
    page.render_name_section(&mut roff)?;
    page.render_synopsis_section(&mut roff)?;
    page.render_description_section(&mut roff)?;
    commands(&page, &mut roff)?;
    page.render_options_section(&mut roff)?;
    roff.extend_from_slice(rest(sections, also).to_roff().as_bytes());
    Ok(Page { name, section: "1", roff })
}

/// The line that makes it a page. It has no date: the same source gives the same page. By hand, since the generator
/// leaves out what is empty, and what follows would take its place.
fn title(name: &str, section: &str) -> String {
    format!(".TH {} {section} \"\" \"{VERSION}\" \"{PROGRAM}\"\n", name.to_uppercase())
}

/// The sections that the command line's definition does not have.
fn rest(sections: &[Section], also: &str) -> Roff {
    let mut roff = Roff::new();
    for Section { title, items } in sections {
        roff.control("SH", [*title]);
        for (item, says) in *items {
            roff.control("TP", []);
            roff.text([bold(*item)]);
            roff.text([roman(*says)]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(also)]);
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_examples_and_what_its_exit_status_means() {
        let pages = pages().unwrap();
        let commands = Cli::command().get_subcommands().count();
        assert_eq!(pages.len(), commands + 2, "the program's and the configuration file's beside them");
        for page in pages.iter().filter(|page| page.section == "1") {
            let text = String::from_utf8(page.roff.clone()).unwrap();
            for section in ["NAME", "SYNOPSIS", "\"EXIT STATUS\"", "EXAMPLES", "\"SEE ALSO\""] {
                let header = format!("\n.SH {section}\n");
                assert_eq!(text.matches(&header).count(), 1, "{}: {section}\n{text}", page.name);
            }
        }
    }

    #[test]
    fn a_page_goes_by_its_name_and_by_its_command() {
        let pages = pages().unwrap();
        let unknown = print(&pages, Some("ls")).unwrap_err().to_string();
        assert_eq!(
            unknown,
            "there is no page \"ls\"; there are sftpbridge, serve, demo, connect, check, keyscan, hash-password, \
             healthcheck, completions, man, proxy.toml"
        );
    }
}
