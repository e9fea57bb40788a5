// A new key over the admin socket: the connection is taken over after the request's head, and what
// follows goes from the kernel into secret memory. Until it is there whole and good, the old one stays.

import type { Socket } from "node:net";
import type { KeyRefusal, KeyRotation } from "../../hardening/key-rotation.ts";
import type { UnixPeer } from "../../hardening/peer.ts";
import { sayPlain, sayWarning } from "../terminal.ts";
import type { AdminServer } from "./admin-server.ts";
import { AdminError, type AdminErrorCode } from "./errors.ts";

/** What a client asks to upgrade to, and sends the key and a newline after the answer 101. */
export const keyProtocol = "codex-key";

const switching = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${keyProtocol}\r\n\r\n`;

const codes: Readonly<Record<KeyRefusal, AdminErrorCode>> = {
  BUSY: "ADM_ERR_ROTATION_BUSY",
  SLOT_IN_USE: "ADM_ERR_ROTATION_SLOT",
  MISSING: "ADM_ERR_KEY_MISSING",
  CUT: "ADM_ERR_KEY_CUT",
  BAD_CHARACTER: "ADM_ERR_KEY_BAD_CHARACTER",
  TOO_LARGE: "ADM_ERR_KEY_TOO_LARGE",
  MORE_THAN_ONE_LINE: "ADM_ERR_KEY_MORE_THAN_ONE_LINE",
  STALLED: "ADM_ERR_KEY_STALLED",
  UNREADABLE: "ADM_ERR_KEY_UNREADABLE",
};

/**
 * Add POST /rotate.
 *
 * @param rotation - undefined where the key is fetched and not given
 * @param onReplaced - called for each new key, with whoever gave it
 */
export function addRotateRoute(
  admin: AdminServer,
  rotation: KeyRotation | undefined,
  onReplaced: (peer: UnixPeer) => void = () => {},
): void {
  admin.upgrade("/rotate", keyProtocol, { isPrivileged: true }, (socket, peer) => {
    if (rotation === undefined) throw new AdminError("ADM_ERR_ROTATION_OIDC");
    const { obstacle } = rotation;
    if (obstacle !== undefined) throw new AdminError(codes[obstacle]);
    void takeKey(rotation, socket, peer, onReplaced);
  });
}

async function takeKey(
  rotation: KeyRotation,
  socket: Socket,
  peer: UnixPeer,
  onReplaced: (peer: UnixPeer) => void,
): Promise<void> {
  const from = `uid ${peer.uid}, pid ${peer.pid}`;
  try {
    const refusal = await rotation.receive(socket, () => socket.write(switching));
    if (refusal !== undefined) throw new AdminError(codes[refusal]);
    sayPlain(`codex: the key was replaced (by ${from})`);
    onReplaced(peer);
    socket.end('{"status":"replaced"}\n');
  } catch (cause) {
    const error =
      cause instanceof AdminError ? cause : new AdminError("ADM_ERR_INTERNAL", undefined, { cause });
    sayWarning(`a new key was not taken, the old one stays in use (from ${from}): ${error.message}`);
    socket.end(error.toBody());
  }
  // Nothing is read from it any more, so its end would not be seen.
  socket.once("finish", () => socket.destroy());
}
