/**
 * Node's HTTP, taken as it is. `import … from "node:http"` reads every name that the module has, `WebSocket` among them, and that one loads
 * the whole of fetch: 40 ms of each start and of each command.
 */
export const { createServer, request } = process.getBuiltinModule("node:http");
