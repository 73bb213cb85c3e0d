/** Flags of OPEN (draft-ietf-secsh-filexfer-02, section 6.3). */

export const READ = 1;
export const WRITE = 2;
export const APPEND = 4;
export const CREAT = 8;
export const TRUNC = 16;
export const EXCL = 32;
