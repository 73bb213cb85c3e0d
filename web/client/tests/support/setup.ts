/** For every test file: a `WebSocket` where Node has none. */

import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
