// Everything that is measured side by side, in the order of the tables.

import { caddy } from "./caddy.ts";
import { direct } from "./direct.ts";
import { haproxy } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import { ours } from "./ours.ts";
import { oursTelling } from "./ours-telling.ts";
import type { Peer } from "./peer.ts";
import { plainNode } from "./plain-node.ts";
import { relay } from "./relay.ts";
import { rust } from "./rust.ts";

export const peers: readonly Peer[] = [ours, nginx, haproxy, caddy, rust, plainNode, relay, direct];

/** Measured only where it is asked for by name. */
export const variants: readonly Peer[] = [oursTelling];
