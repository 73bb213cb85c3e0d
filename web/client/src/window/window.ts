/** How many bytes of READs and WRITEs may be under way in a session: what a transfer sees of it. */

/** Room for one request's data, taken from the window. */
export interface Permit {
  readonly bytes: number;
  /** The request goes out now: the clock for its round trip starts. */
  readonly sent: () => void;
  /** Its response came, with so many bytes of data that moved. Gives the room back; a second call does nothing. */
  readonly delivered: (bytes: number) => void;
  /** It will not be sent, or came to nothing. Gives the room back. */
  readonly dropped: () => void;
}

/** Decides when a READ or WRITE may go out, and how large it should be. */
export interface ByteWindow {
  /** Bytes that may be under way now. */
  readonly size: number;
  readonly inFlight: number;
  /** Bytes a millisecond that moved at best lately; 0 before it is known. */
  readonly rate: number;
  /** Milliseconds of a round trip without a queue; Infinity before it is known. */
  readonly minRtt: number;
  /** Bytes for the next request, at most `limit`. */
  requestSize(limit: number): number;
  /** Room for a request, first come first served. A request larger than the window goes alone. */
  reserve(bytes: number, signal?: AbortSignal): Promise<Permit>;
}
