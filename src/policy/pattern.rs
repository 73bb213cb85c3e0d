//! The paths that a rule is about.
//!
//! Bytes, not characters: names on a server need not be UTF-8. Matching takes time in proportion to the length of the
//! pattern times that of the path, whatever either of them says.

use super::path::{Place, normal};
use crate::config::Template;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The literal part at the start.
    stem: Place,
    /// The rest, from the first glob character on.
    tokens: Vec<Token>,
    /// Whether everything below what matches belongs to it too.
    below: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This byte.
    Byte(u8),
    /// `?`: the first byte of a character other than the slash ...
    One,
    /// ... and those after it (UTF-8), if there are any.
    Continuation,
    /// `*`: any bytes but slashes.
    Star,
    /// `**`: any bytes.
    Any,
    /// `**/` behind a slash: any number of directories. This is the beginning of a name ...
    Directories,
    /// ... and this is inside of it.
    Directory,
}

/// The user's name cannot be a part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoName;

/// Whether `user` can stand in a path as one name, or as a part of one.
pub(super) fn is_name(user: &str) -> bool {
    !matches!(user, "" | "." | "..") && !user.contains(['/', '\0'])
}

impl Pattern {
    /// `template` for `user`, whose name is taken letter by letter, glob characters included.
    ///
    /// # Errors
    /// [`NoName`], if the template has a place for the name and the name is none.
    pub(super) fn new(template: &Template, user: &str) -> Result<Pattern, NoName> {
        match template.names_person() && !is_name(user) {
            true => Err(NoName),
            false => {
                let name = user.bytes().map(Token::Byte).collect::<Vec<_>>();
                Ok(Pattern::compile(&template.fill("{user}"), &name))
            }
        }
    }

    /// `template` with anything at all in the place of the name.
    pub(super) fn for_anybody(template: &Template) -> Pattern {
        Pattern::compile(&template.fill("{user}"), &[Token::Any])
    }

    fn compile(text: &str, name: &[Token]) -> Pattern {
        let is_glob = text.contains(['*', '?']);
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let (below, parts) = match parts.split_last() {
            Some((&"**", parents)) => (true, parents),
            _ => (!is_glob, &parts[..]),
        };
        let mut tokens = Vec::new();
        for part in parts {
            // Directories end with the slash that they follow, so only the first name after them has none.
            if tokens.last() != Some(&Token::Directory) {
                tokens.push(Token::Byte(b'/'));
            }
            match *part {
                "**" => tokens.extend([Token::Directories, Token::Directory]),
                part => read_name(part, name, &mut tokens),
            }
        }
        // What matches up to there matches with anything behind it.
        let below = below || tokens.last() == Some(&Token::Any);
        let literal = |token: &Token| match token {
            Token::Byte(byte) => Some(*byte),
            _ => None,
        };
        let stem: Place = tokens.iter().map_while(literal).collect();
        let tokens = tokens.split_off(stem.len());
        Pattern { stem, tokens, below }
    }

    /// Whether `place` belongs to it.
    pub(super) fn matches(&self, place: &[u8]) -> bool {
        let Some(rest) = place.strip_prefix(&self.stem[..]) else {
            return false;
        };
        if self.tokens.is_empty() {
            return rest.is_empty() || (self.below && rest.starts_with(b"/"));
        }
        let mut states = States::at_start(&self.tokens);
        for &byte in rest {
            if self.below && byte == b'/' && states.accept() {
                return true;
            }
            states.step(byte);
        }
        states.accept()
    }

    /// Whether `place` and everything below it belongs to it.
    pub(super) fn covers(&self, place: &[u8]) -> bool {
        self.below && self.matches(place)
    }

    /// Whether anything strictly below `place` could belong to it. In doubt it could.
    pub(super) fn reaches_below(&self, place: &[u8]) -> bool {
        let inside = [place, b"/"].concat();
        match inside.strip_prefix(&self.stem[..]) {
            None => self.stem.starts_with(&inside),
            Some(_) if self.covers(place) => true,
            Some(rest) => {
                let mut states = States::at_start(&self.tokens);
                rest.iter().for_each(|byte| states.step(*byte));
                // A place has at least a name behind its slash.
                !states.is_dead() && !self.tokens.is_empty()
            }
        }
    }
}

fn read_name(part: &str, name: &[Token], tokens: &mut Vec<Token>) {
    for (number, text) in part.split("{user}").enumerate() {
        if number > 0 {
            tokens.extend_from_slice(name);
        }
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'*' if bytes.next_if_eq(&b'*').is_some() => {
                    while bytes.next_if_eq(&b'*').is_some() {}
                    tokens.push(Token::Any);
                }
                b'*' => tokens.push(Token::Star),
                b'?' => tokens.extend([Token::One, Token::Continuation]),
                byte => tokens.push(Token::Byte(byte)),
            }
        }
    }
}

/// The tokens before which the matching may be; one more stands for the end.
struct States<'a> {
    tokens: &'a [Token],
    before: Vec<bool>,
    /// Room for the next ones.
    next: Vec<bool>,
}

impl<'a> States<'a> {
    fn at_start(tokens: &'a [Token]) -> Self {
        let mut before = vec![false; tokens.len() + 1];
        if let Some(first) = before.first_mut() {
            *first = true;
        }
        let next = vec![false; before.len()];
        let mut states = Self { tokens, before, next };
        states.skip();
        states
    }

    fn accept(&self) -> bool {
        self.before.last() == Some(&true)
    }

    fn is_dead(&self) -> bool {
        !self.before.contains(&true)
    }

    /// What may stand for nothing is passed over. Tokens only lead on, so that once through suffices.
    fn skip(&mut self) {
        for (at, token) in self.tokens.iter().enumerate() {
            let step = match token {
                Token::Continuation | Token::Star | Token::Any => 1,
                Token::Directories => 2,
                Token::Byte(_) | Token::One | Token::Directory => continue,
            };
            if self.before.get(at) == Some(&true) {
                set(&mut self.before, at + step);
            }
        }
    }

    fn step(&mut self, byte: u8) {
        let mut next = std::mem::take(&mut self.next);
        next.fill(false);
        let live = self.tokens.iter().enumerate().filter(|(at, _)| self.before.get(*at) == Some(&true));
        for (at, token) in live {
            match token {
                Token::Byte(own) if *own == byte => set(&mut next, at + 1),
                Token::One if byte != b'/' => set(&mut next, at + 1),
                Token::Continuation if matches!(byte, 0x80..=0xbf) => set(&mut next, at),
                Token::Star if byte != b'/' => set(&mut next, at),
                Token::Any => set(&mut next, at),
                Token::Directories if byte != b'/' => set(&mut next, at + 1),
                Token::Directory if byte == b'/' => set(&mut next, at - 1),
                Token::Directory => set(&mut next, at),
                _ => {}
            }
        }
        self.next = std::mem::replace(&mut self.before, next);
        self.skip();
    }
}

fn set(states: &mut [bool], at: usize) {
    if let Some(state) = states.get_mut(at) {
        *state = true;
    }
}

/// The place of `template` for `user`.
///
/// # Errors
/// [`NoName`], as for [`Pattern::new`].
pub(super) fn place(template: &Template, user: &str) -> Result<Place, NoName> {
    match template.names_person() && !is_name(user) {
        true => Err(NoName),
        false => Ok(normal(template.fill(user).as_bytes())),
    }
}

#[cfg(test)]
mod tests;
