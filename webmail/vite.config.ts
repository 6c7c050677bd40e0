import { pages } from "../ui/vite.ts";

export default pages("webmail", "/", "src/worker/sw.ts");
