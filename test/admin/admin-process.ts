// An admin socket in a process of its own, on descriptor 3, with a few routes to ask for.

import { AdminServer } from "../../proxy/admin/admin-server.ts";
import { addServiceRoutes } from "../../proxy/admin/service-routes.ts";

let isDraining = false;
const admin = new AdminServer(3, Number(process.argv[2] ?? 0));
addServiceRoutes(admin, {
  isDraining: () => isDraining,
  hasCredential: () => true,
  isAuditFailing: () => false,
  onStop: () => {
    isDraining = true;
  },
});
admin.route("POST", "/length", { isPrivileged: false }, ({ body, peer }) => ({
  body: JSON.stringify({ bytes: body.length, uid: peer.uid }),
}));
admin.route("GET", "/fails", { isPrivileged: false }, () => {
  throw new Error("a detail that is nobody's business");
});
admin.upgrade("/talk", "test", { isPrivileged: true }, (socket) => {
  socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nhello");
});
await admin.listen();
process.stderr.write("listening on 127.0.0.1:1\n");
