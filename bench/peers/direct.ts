// No proxy: what the machine itself takes for what is measured.

import type { Peer } from "./peer.ts";

export const direct: Peer = {
  name: "direct",
  title: "no proxy",
  isKeyless: true,
  missing: () => undefined,
  command: () => undefined,
};
