// The first module of the proxy process and of the command line. Importing it loads the addon, whose
// constructor hardens the process; the launcher has had it loaded before any script where a key is read.

import "./native.ts";
