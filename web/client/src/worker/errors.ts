/** Errors that structured cloning would make plain ones. Known by their place here: new ones go to the end. */

import { AuthError, ConnectionError, ProtocolError, SftpError } from "../errors.ts";
import { KeyError } from "../keys/store.ts";
import { TransferError } from "../transfer/transfer.ts";
import { VerifyError } from "../transfer/verify.ts";
import { TreeError } from "../tree/pool.ts";

export const CLASSES: readonly { readonly prototype: Error }[] = [
  AuthError,
  ConnectionError,
  ProtocolError,
  SftpError,
  TransferError,
  VerifyError,
  TreeError,
  KeyError,
];
