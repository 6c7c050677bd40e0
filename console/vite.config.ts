import { pages } from "../ui/vite.ts";

export default pages("console", "/admin/");
