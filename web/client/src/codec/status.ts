/** Status codes (draft-ietf-secsh-filexfer-02, section 7). */

export const OK = 0;
export const EOF = 1;
export const NO_SUCH_FILE = 2;
export const PERMISSION_DENIED = 3;
export const FAILURE = 4;
export const BAD_MESSAGE = 5;
export const NO_CONNECTION = 6;
export const CONNECTION_LOST = 7;
export const OP_UNSUPPORTED = 8;
