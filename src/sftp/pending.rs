//! Which request a response answers.

use std::collections::{HashMap, VecDeque};

use super::packet::RequestId;

/// Notes about requests that are not answered yet, by their ids. A client may use an id again before its first
/// answer came; then the answers come in the order of the requests, as sftp-server works.
#[derive(Debug)]
pub struct Pending<T> {
    notes: HashMap<RequestId, VecDeque<T>>,
    count: usize,
    most: usize,
}

impl<T> Pending<T> {
    /// Room for `most` notes.
    pub fn new(most: usize) -> Self {
        Self { notes: HashMap::new(), count: 0, most }
    }

    /// Whether there is room for no more.
    pub fn is_full(&self) -> bool {
        self.count >= self.most
    }

    /// Whether every request is answered, of those that were noted.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Notes a request; gives the note back where there is no room.
    ///
    /// # Errors
    /// The note itself.
    pub fn asked(&mut self, id: RequestId, note: T) -> Result<(), T> {
        if self.is_full() {
            return Err(note);
        }
        self.count += 1;
        self.notes.entry(id).or_default().push_back(note);
        Ok(())
    }

    /// The note of the request that is answered now.
    pub fn answered(&mut self, id: RequestId) -> Option<T> {
        let queue = self.notes.get_mut(&id)?;
        let note = queue.pop_front()?;
        if queue.is_empty() {
            self.notes.remove(&id);
        }
        self.count -= 1;
        Some(note)
    }

    /// Every note, of requests that nobody answered.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.count = 0;
        self.notes.drain().flat_map(|(_, queue)| queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_used_again_is_answered_in_order() {
        let mut pending = Pending::new(3);
        assert_eq!(pending.asked(7, 'a'), Ok(()));
        assert_eq!(pending.asked(7, 'b'), Ok(()));
        assert_eq!(pending.asked(8, 'c'), Ok(()));
        assert_eq!(pending.asked(9, 'd'), Err('d'));
        assert_eq!([7, 7, 7, 8].map(|id| pending.answered(id)), [Some('a'), Some('b'), None, Some('c')]);
        assert!(!pending.is_full());
        assert_eq!(pending.asked(1, 'e'), Ok(()));
        assert_eq!(pending.drain().collect::<Vec<_>>(), ['e']);
        assert!(pending.notes.is_empty() && pending.count == 0);
    }
}
