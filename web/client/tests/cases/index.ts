/** All cases. */

import type { Case } from "./case.ts";
import { handleCases } from "./handle.ts";
import { loginCases } from "./login.ts";
import { nameCases } from "./names.ts";
import { operationCases } from "./operations.ts";
import { transferCases } from "./transfers.ts";

export const cases: readonly Case[] = [
  ...loginCases,
  ...operationCases,
  ...nameCases,
  ...handleCases,
  ...transferCases,
];
