/** Every operation of the store by its name. The drivers run these; the clients speak `Store`. */
export { readOps } from "./read.ts";
export { writeOps } from "./write.ts";
